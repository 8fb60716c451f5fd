/// How much may go wrong by chance. It is bounded, so every schedule can come to its end.
struct FaultBudget {
    /// Requests that fail in some way.
    var requests: Int
    /// Workers killed, consuming connections lost, and drains.
    var crashes: Int
    var cuts: Int
    var drains: Int
    /// How likely a request fails, and how likely each moment brings one of the others, while there are any left.
    let requestPercent: Int
    let momentPercent: Int

    init(_ random: inout SeededGenerator) {
        self.requests = random.chance(percent: 30) ? 0 : random.between(1, 14)
        self.crashes = random.chance(percent: 50) ? 0 : random.between(1, 3)
        self.cuts = random.chance(percent: 70) ? 0 : random.between(1, 2)
        self.drains = random.chance(percent: 80) ? 0 : 1
        self.requestPercent = [3, 10, 30, 80][random.below(4)]
        self.momentPercent = random.between(1, 10)
    }
}
