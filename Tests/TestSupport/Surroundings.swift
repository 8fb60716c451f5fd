package import Foundation

/// Where the tests and `chaos` find what they start. The scripts set the variables; without them the paths of an ordinary
/// `swift test` are used.
package enum Surroundings {
    package static let sourceRoot: URL = {
        if let path = ProcessInfo.processInfo.environment["BUILD_WORKER_SOURCE_ROOT"] {
            return URL(fileURLWithPath: path)
        }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }()

    package static let binaries: URL = {
        if let path = ProcessInfo.processInfo.environment["BUILD_WORKER_BIN_PATH"] { return URL(fileURLWithPath: path) }
        return URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    }()

    /// A directory of this run; whoever guards its brokers removes it when the run has ended.
    package static let directory: URL = {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "build-worker-tests-\(ProcessInfo.processInfo.processIdentifier)")
        do {
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        } catch { fatalError("cannot create \(directory.path): \(error)") }
        return directory
    }()

    package static func newName(_ prefix: String) -> String { "\(prefix)-\(UInt32.random(in: .min ... .max))" }
}
