import BuildWorker
import Foundation
import Testing

@Suite struct ConfigurationDirectoryTests {
    /// A directory of its own with `Config/default.yaml` in it; gone afterwards.
    private func withConfig(_ body: (String) throws -> Void) throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).resolvingSymlinksInPath().path
        try FileManager.default.createDirectory(atPath: "\(root)/Config", withIntermediateDirectories: true)
        try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(root)/Config/default.yaml"))
        let result = Result { try body(root) }
        try FileManager.default.removeItem(atPath: root)
        try result.get()
    }

    @Test(arguments: ["worker", "bin/worker", "a/b/c/d/e/worker"])
    func findsItAboveTheExecutable(_ executable: String) throws {
        try self.withConfig { root in
            let found = try ConfigurationDirectory.locate(executablePath: "\(root)/\(executable)", environment: [:])
            #expect(found == "\(root)/Config")
        }
    }

    @Test func looksNoHigherThanFive() throws {
        try self.withConfig { root in
            do {
                let found = try ConfigurationDirectory.locate(executablePath: "\(root)/a/b/c/d/e/f/worker", environment: [:])
                #expect(found != "\(root)/Config")
            } catch { #expect("\(error)".contains("/etc/build-worker")) }
        }
    }

    @Test func theVariableComesFirst() throws {
        try self.withConfig { root in
            let environment = ["BUILD_WORKER_CONFIG_DIR": "\(root)/Config"]
            let found = try ConfigurationDirectory.locate(executablePath: "/bin/worker", environment: environment)
            #expect(found == "\(root)/Config")
        }
    }

    @Test func aWrongVariableIsAProblem() throws {
        try self.withConfig { root in
            #expect(throws: ConfigurationError.self) {
                try ConfigurationDirectory.locate(
                    executablePath: "\(root)/worker", environment: ["BUILD_WORKER_CONFIG_DIR": "/nowhere"])
            }
        }
    }
}
