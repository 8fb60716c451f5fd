internal import Foundation

/// The directory with the defaults and the map of variables.
public enum ConfigurationDirectory {
    static let defaults = "default.yaml"
    static let variables = "environment.yaml"
    static let installed = "/etc/build-worker"

    /// The directory that `BUILD_WORKER_CONFIG_DIR` names; without it, the first of these that has both files: `Config`
    /// beside the executable or up to four levels above it, `/etc/build-worker`, `./Config`.
    ///
    /// - Throws: an error that says where it looked.
    public static func locate(executablePath: String, environment: [String: String]) throws(ConfigurationError) -> String {
        try self.locate(executablePath: executablePath, environment: environment, elsewhere: [Self.installed, "./Config"])
    }

    static func locate(executablePath: String, environment: [String: String], elsewhere: [String]) throws(ConfigurationError) -> String {
        let variable = "BUILD_WORKER_CONFIG_DIR"
        let named = environment[variable] ?? ""
        let candidates = named.isEmpty ? self.above(executablePath) + elsewhere : [named]
        if let directory = candidates.first(where: self.isComplete) { return directory }
        let expectation =
            named.isEmpty
            ? "no directory has \(Self.defaults) and \(Self.variables); set the variable to one that has. Looked at \(candidates.joined(separator: ", "))"
            : "must be a directory with \(Self.defaults) and \(Self.variables) in it"
        throw ConfigurationError([
            ConfigurationProblem(key: nil, origin: .variable(variable), value: named.isEmpty ? nil : named.quoted, expectation: expectation)
        ])
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
