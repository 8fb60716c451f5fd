/// A configuration without problems, and how it came about.
public struct LoadedConfiguration: Sendable {
    public let configuration: WorkerConfiguration
    /// Every key with its value and where that came from.
    public let report: ConfigurationReport
    /// Settings of the worker we succeed that are set and mean nothing here, a sentence a reason. Safe to log; ``notes`` has them too.
    public let unused: [String]
    /// What is not wrong but may surprise, for example a variable that has no meaning here. Safe to log.
    public let notes: [String]
    /// Variables that hold a secret.
    public let secretVariables: Set<String>
}
