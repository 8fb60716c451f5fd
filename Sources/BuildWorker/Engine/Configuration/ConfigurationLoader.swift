internal import Foundation

/// Builds a ``WorkerConfiguration`` from layers. Lowest first: `Config/default.yaml`, the original worker's files
/// (``NodeConfig``), the file given with `--config`, `NODE_CONFIG`, variables, `runtime.json`.
package struct ConfigurationLoader: Sendable {
    private let directory: String

    /// - Parameter directory: see ``ConfigurationDirectory/locate(executablePath:environment:)``.
    package init(directory: String) { self.directory = directory }

    /// - Throws: all problems together.
    package func load(file: String? = nil, environment: [String: String]) throws(ConfigurationError)
        -> LoadedConfiguration
    {
        var layers = ConfigurationLayers()
        layers.add(file: "\(self.directory)/\(ConfigurationDirectory.defaults)", as: .default, mustBeComplete: true)
        let operators = NodeConfig(environment, beside: self.directory, hostName: ProcessInfo.processInfo.hostName)
        layers.problems += operators.problems
        if !operators.files.isEmpty {
            layers.notes.append("configuration is read from \(operators.files.joined(separator: ", "))")
        }
        for file in operators.files + (file.map { [$0] } ?? []) { layers.add(file: file, as: .file(file)) }
        if let document = operators.document { layers.add(document: document, of: NodeConfig.documentVariable) }
        let map = VariableMap(path: "\(self.directory)/\(ConfigurationDirectory.variables)")
        layers.problems += map.problems
        layers.add(environment, mapped: map.variables, operators.mappings)
        for file in operators.runtimeFiles { layers.add(file: file, as: .file(file)) }
        layers.settleDerived(
            variablesAbove: Set(operators.files.map { .file($0) } + [.variable(NodeConfig.documentVariable)]))
        layers.settleStatusPort()
        layers.checkConsistency()
        guard layers.problems.isEmpty else { throw ConfigurationError(layers.problems.inKeyOrder) }
        layers.noteOddities()
        return LoadedConfiguration(
            configuration: layers.configuration,
            report: ConfigurationReport(layers.configuration, variables: map.variables, origins: layers.origins),
            unused: layers.ignored.sentences, notes: layers.notes + layers.ignored.sentences,
            secretVariables: layers.secretVariables)
    }
}

/// A valid configuration with its origins and notes.
package struct LoadedConfiguration: Sendable {
    package let configuration: WorkerConfiguration
    /// Every key with its value and origin.
    package let report: ConfigurationReport
    /// Settings of the original worker without effect, one sentence per reason. Safe to log; ``notes`` has them too.
    package let unused: [String]
    /// Valid but possibly surprising settings, for example a variable without effect. Safe to log.
    package let notes: [String]
    package let secretVariables: Set<String>
}

package enum ConfigurationDirectory {
    static let defaults = "default.yaml"
    static let variables = "environment.yaml"

    /// The directory named by `BUILD_WORKER_CONFIG_DIR`; otherwise the first with both files of: `Config` beside the
    /// executable or up to four levels above it, `/etc/build-worker`, `./Config`.
    package static func locate(executablePath: String, environment: [String: String]) throws(ConfigurationError)
        -> String
    {
        try self.locate(
            executablePath: executablePath, environment: environment, elsewhere: ["/etc/build-worker", "./Config"])
    }

    static func locate(
        executablePath: String, environment: [String: String], elsewhere: [String]
    ) throws(ConfigurationError) -> String {
        let variable = "BUILD_WORKER_CONFIG_DIR"
        let named = environment[variable].flatMap { $0.isEmpty ? nil : $0 }
        let candidates = named.map { [$0] } ?? self.above(executablePath) + elsewhere
        if let directory = candidates.first(where: self.isComplete) { return directory }
        let files = "\(Self.defaults) and \(Self.variables)"
        let looked =
            "no directory has \(files); set the variable to one that has. Looked at \(candidates.joined(separator: ", "))"
        var problems: [ConfigurationProblem] = []
        problems.add(
            nil, .variable(variable), value: named?.quoted,
            named == nil ? looked : "must be a directory with \(files) in it")
        throw ConfigurationError(problems)
    }

    private static func above(_ executablePath: String) -> [String] {
        var folder = URL(fileURLWithPath: executablePath).resolvingSymlinksInPath().deletingLastPathComponent()
        var candidates: [String] = []
        for _ in 0...4 {
            candidates.append(folder.appendingPathComponent("Config").path)
            guard folder.path != "/" else { break }
            folder.deleteLastPathComponent()
        }
        return candidates
    }

    private static func isComplete(_ directory: String) -> Bool {
        [Self.defaults, Self.variables].allSatisfy { FileManager.default.fileExists(atPath: "\(directory)/\($0)") }
    }
}
