internal import Foundation

/// Makes a ``WorkerConfiguration`` of layers. From the lowest: `Config/default.yaml`, the files that the worker we succeed reads
/// (``NodeConfig``), the file given with `--config`, `NODE_CONFIG`, variables, `runtime.json`.
public struct ConfigurationLoader: Sendable {
    private let directory: String

    /// - Parameter directory: has `default.yaml` and `environment.yaml`; see ``ConfigurationDirectory/locate(executablePath:environment:)``.
    public init(directory: String) { self.directory = directory }

    /// - Parameters:
    ///   - file: a YAML file shaped like `default.yaml` with some of its keys.
    /// - Throws: every problem there is, at once.
    public func load(file: String? = nil, environment: [String: String]) throws(ConfigurationError) -> LoadedConfiguration {
        var layers = ConfigurationLayers()
        layers.add(file: "\(self.directory)/\(ConfigurationDirectory.defaults)", as: .default, mustBeComplete: true)
        let operators = NodeConfig(environment, beside: self.directory, hostName: ProcessInfo.processInfo.hostName)
        for problem in operators.problems { layers.add(problem) }
        if !operators.files.isEmpty { layers.add(note: "configuration is read from \(operators.files.joined(separator: ", "))") }
        for file in operators.files + (file.map { [$0] } ?? []) { layers.add(file: file, as: .file(file)) }
        if let document = operators.document { layers.add(document: document, of: NodeConfig.documentVariable) }
        let map = VariableMap(path: "\(self.directory)/\(ConfigurationDirectory.variables)")
        for problem in map.problems { layers.add(problem) }
        layers.add(environment, mapped: map.variables, operators.mappings)
        for file in operators.runtimeFiles { layers.add(file: file, as: .file(file)) }
        layers.settleDerived(variablesAbove: Set(operators.files.map { .file($0) } + [.variable(NodeConfig.documentVariable)]))
        layers.settleStatusPort()
        layers.checkConsistency()
        guard layers.problems.isEmpty else { throw ConfigurationError(layers.problems.inKeyOrder) }
        layers.noteOddities()
        return LoadedConfiguration(
            configuration: layers.configuration,
            report: ConfigurationReport(layers.configuration, variables: map.variables, origins: layers.origins),
            unused: layers.ignored.sentences, notes: layers.notes + layers.ignored.sentences, secretVariables: layers.secretVariables)
    }
}

extension [ConfigurationProblem] {
    /// Whole files first, then keys as they are documented, then keys that do not exist.
    fileprivate var inKeyOrder: [ConfigurationProblem] {
        let places = Dictionary(uniqueKeysWithValues: Setting.known.enumerated().map { ($1.key, $0) })
        func rank(_ problem: ConfigurationProblem) -> Int { problem.key.map { places[$0] ?? Int.max } ?? -1 }
        return self.enumerated().sorted { (rank($0.element), $0.offset) < (rank($1.element), $1.offset) }.map(\.element)
    }
}
