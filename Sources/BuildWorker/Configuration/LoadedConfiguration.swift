/// A configuration without problems, and how it came about.
public struct LoadedConfiguration: Sendable {
    public let configuration: WorkerConfiguration
    /// Every key with its value and where that came from.
    public let report: ConfigurationReport
    /// What is not wrong but may surprise, for example a variable that has no meaning here. Safe to log.
    public let notes: [String]
}
