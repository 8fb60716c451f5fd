/// One build's messages and when they are published.
package struct PlannedBuild: Hashable, Sendable {
    package enum Stop: Hashable, Sendable {
        /// Published before the start.
        case before
        /// So many seconds after the start.
        case after(Double)
    }

    package let build: Int
    /// Seconds from the beginning of the run to the first start.
    package let at: Double
    package let fate: BuildFate
    /// Seconds from the first start to its copy, as a controller publishes one that lost its confirm.
    package let copyAfter: Double?
    package let stop: Stop?

    /// - Parameter faults: when faults begin. Half of the builds come in bursts around them, for those that are hurt must have
    ///   something in flight.
    init(_ build: Int, window: Double, faults: [Double], using random: inout SplitMix64) {
        self.build = build
        if random.chance(0.5), let fault = faults.randomElement(using: &random) {
            self.at = max(0, fault - random.tenths(0...1))
        } else {
            self.at = random.tenths(0...window)
        }
        self.fate = random.pick(BuildFate.all, weight: \.weight)
        self.copyAfter = random.chance(0.08) ? random.tenths(0...4) : nil
        self.stop = random.chance(0.07) ? (random.chance(0.25) ? .before : .after(random.tenths(0...8))) : nil
    }
}
