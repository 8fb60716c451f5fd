import BuildWorker
import Foundation

/// The directory that is shipped, and files beside it.
enum ConfigurationFixture {
    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Config").path

    static func load(_ environment: [String: String] = [:]) throws(ConfigurationError) -> LoadedConfiguration {
        try ConfigurationLoader(directory: self.directory).load(file: nil, environment: environment)
    }

    static func problems(_ environment: [String: String]) -> [ConfigurationProblem] {
        do throws(ConfigurationError) {
            _ = try self.load(environment)
            return []
        } catch { return error.problems }
    }

    /// Loads with a file of that text.
    static func load(yaml: String, _ environment: [String: String] = [:]) throws -> LoadedConfiguration {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).yaml")
        try Data(yaml.utf8).write(to: file)
        defer { remove(file.path) }
        return try ConfigurationLoader(directory: self.directory).load(file: file.path, environment: environment)
    }

    static func problems(yaml: String, _ environment: [String: String] = [:]) throws -> [ConfigurationProblem] {
        do {
            _ = try self.load(yaml: yaml, environment)
            return []
        } catch let error as ConfigurationError { return error.problems }
    }

    /// Everything in a configuration as text, secrets included.
    static func dump(_ configuration: WorkerConfiguration) -> String {
        var text = ""
        Swift.dump(configuration, to: &text)
        return text + configuration.rabbitmq.password.exposed + (configuration.executor.kubernetes.token?.exposed ?? "")
    }
}
