import Foundation
import Testing

@testable import BuildWorker
@testable import Support

/// What the tests of the configuration share.
enum ConfigurationFixture {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent()
    /// The one that is delivered.
    static let directory = root.appendingPathComponent("Config").path

    static func load(_ environment: [String: String] = [:], file: String? = nil) throws -> LoadedConfiguration {
        try ConfigurationLoader(directory: self.directory).load(file: file, environment: environment)
    }

    static func configuration(_ environment: [String: String] = [:], file: String? = nil) throws -> WorkerConfiguration
    {
        try self.load(environment, file: file).configuration
    }

    /// The problems of a configuration that must have some.
    static func problems(_ environment: [String: String] = [:], file: String? = nil, directory: String = Self.directory)
        -> [ConfigurationProblem]
    {
        do throws(ConfigurationError) {
            _ = try ConfigurationLoader(directory: directory).load(file: file, environment: environment)
            return []
        } catch { return error.problems }
    }

    /// Runs `body` with the path of a file that holds `text`.
    static func withFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
        try Self.withDirectory(["config.yaml": text]) { try body("\($0)/config.yaml") }
    }

    static func withDirectory<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("configuration-\(UUID())")
            .resolvingSymlinksInPath()
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: directory) } }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for (name, text) in files {
            let file = directory.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return try body(directory.path)
    }

    /// A row of the report by its variable.
    static func value(_ variable: String, _ loaded: LoadedConfiguration) throws -> JSONValue {
        try #require(loaded.report.rows.first { $0.variable == variable }).value
    }
}
