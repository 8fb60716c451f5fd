internal import Foundation

/// Where `default.yaml` and `environment.yaml` are.
public enum ConfigurationDirectory {
    public static let variable = "BUILD_WORKER_CONFIG_DIR"

    /// `$BUILD_WORKER_CONFIG_DIR` and nothing else where that is set; otherwise `Config` beside the executable or up to
    /// five directories above it, `/etc/build-worker`, `./Config`.
    public static func locate(executablePath: String, environment: [String: String]) throws(ConfigurationError) -> String {
        if let directory = environment[self.variable], !directory.isEmpty {
            if self.isConfiguration(directory) { return directory }
            throw ConfigurationError([
                ConfigurationProblem(
                    key: "", origin: self.variable, value: directory, expectation: "a directory that holds default.yaml would be right")
            ])
        }
        let candidates = self.candidates(executablePath: executablePath)
        if let directory = candidates.first(where: self.isConfiguration) { return directory }
        throw ConfigurationError([
            ConfigurationProblem(
                key: "", origin: self.variable, value: nil,
                expectation: "no directory with default.yaml was found; set this variable to it. Looked at "
                    + candidates.joined(separator: ", "))
        ])
    }

    static func candidates(executablePath: String) -> [String] {
        // Beside the real file, not beside a link to it in some bin directory.
        var directory = URL(fileURLWithPath: executablePath).resolvingSymlinksInPath().deletingLastPathComponent()
        var candidates: [String] = []
        for _ in 0...5 {
            candidates.append(directory.appendingPathComponent("Config").path)
            if directory.path == "/" { break }
            directory.deleteLastPathComponent()
        }
        return candidates + ["/etc/build-worker", "./Config"]
    }

    private static func isConfiguration(_ directory: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(directory)/default.yaml")
    }
}
