/// A configuration, and how it came about.
public struct LoadedConfiguration: Sendable {
    public let configuration: WorkerConfiguration
    public let report: ConfigurationReport
    /// What an operator may want to know although nothing is wrong.
    public let notes: [String]
}

/// Lays a file over the defaults and the environment over both, and checks everything in one go.
public struct ConfigurationLoader {
    private let directory: String

    /// `directory` holds `default.yaml` and `environment.yaml`.
    public init(directory: String) { self.directory = directory }

    public func load(file: String?, environment: [String: String]) throws(ConfigurationError) -> LoadedConfiguration {
        var layers = ConfigurationLayers(keys: ConfigurationKey.all)
        layers.addFile("\(self.directory)/default.yaml", shownAs: "default")
        if let file { layers.addFile(file, shownAs: file) }
        layers.addEnvironment(environment, mapping: "\(self.directory)/environment.yaml")
        layers.checkTogether()
        guard layers.problems.isEmpty else { throw ConfigurationError(layers.problems) }
        return LoadedConfiguration(
            configuration: layers.configuration, report: layers.report, notes: OtherExecutors.notes(on: environment))
    }
}
