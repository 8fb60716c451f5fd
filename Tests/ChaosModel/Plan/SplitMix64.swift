/// The one source of chance of a run: the same seed gives the same plan and the same faults, on every machine.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { self.state = seed }

    package mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension SplitMix64 {
    /// A number in the range, in steps of a tenth: short in print, and the same after a round trip through JSON.
    mutating func tenths(_ range: ClosedRange<Double>) -> Double {
        Double(Int.random(in: Int(range.lowerBound * 10)...Int(range.upperBound * 10), using: &self)) / 10
    }

    mutating func chance(_ probability: Double) -> Bool { Double.random(in: 0..<1, using: &self) < probability }

    /// One of the elements, each as likely as its weight says. The elements must not be empty.
    mutating func pick<Element>(_ elements: [Element], weight: (Element) -> Int) -> Element {
        var left = Int.random(in: 0..<elements.reduce(0) { $0 + weight($1) }, using: &self)
        for element in elements {
            left -= weight(element)
            if left < 0 { return element }
        }
        return elements[elements.count - 1]
    }
}
