/// SplitMix64: every choice of a simulation, and of a fuzzer, is a function of its seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// - Parameter bound: 1 or more.
    /// - Returns: 0 or more, and less than `bound`.
    mutating func below(_ bound: Int) -> Int { Int(self.next() >> 33) % bound }

    /// Both ends may be drawn.
    mutating func between(_ low: Int, _ high: Int) -> Int { low + self.below(high - low + 1) }

    mutating func chance(percent: Int) -> Bool { self.below(100) < percent }
}
