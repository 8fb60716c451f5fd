/// Everything that a run publishes. A function of the settings.
package struct Plan: Hashable, Sendable {
    package let builds: [PlannedBuild]
    package let rubbish: [Rubbish]

    package init(_ settings: ChaosSettings) {
        var random = SplitMix64(seed: settings.seed)
        let faults = FaultSchedule(settings).entries.map(\.at)
        self.builds = (0..<settings.builds).map {
            PlannedBuild($0 + 1, window: settings.window, faults: faults, using: &random)
        }
        let rubbish = max(Rubbish.Kind.allCases.count, settings.builds / 50)
        self.rubbish = (0..<rubbish).map { Rubbish($0, window: settings.window, using: &random) }
    }
}
