import Foundation
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

@Suite struct ServiceAccountTokenTests {
    /// A mounted token as kubelet lays it out: `token` → `..data/token`, `..data` → a directory that is exchanged.
    private final class Mount {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("mount-\(UUID().uuidString)").path
        private var number = 0
        var token: String { "\(self.directory)/token" }

        init() throws {
            try FileManager.default.createDirectory(atPath: self.directory, withIntermediateDirectories: true)
            try FileManager.default.createSymbolicLink(atPath: self.token, withDestinationPath: "..data/token")
        }

        deinit { do { try FileManager.default.removeItem(atPath: self.directory) } catch { Issue.record(error) } }

        func put(_ text: String) throws {
            self.number += 1
            let (name, link) = ("..\(self.number)", "\(self.directory)/..data_tmp")
            try FileManager.default.createDirectory(
                atPath: "\(self.directory)/\(name)", withIntermediateDirectories: true)
            try text.write(toFile: "\(self.directory)/\(name)/token", atomically: false, encoding: .utf8)
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: name)
            guard rename(link, "\(self.directory)/..data") == 0 else { throw POSIXError(.EIO) }
        }
    }

    private func token(_ path: String) -> ServiceAccountToken {
        var options = KubernetesOptions()
        (options.token, options.tokenFile) = (nil, path)
        return ServiceAccountToken(options)
    }

    @Test func aGivenTokenIsTakenAsItIs() throws {
        var options = KubernetesOptions()
        (options.token, options.tokenFile) = (Secret("given"), "/nowhere/token")
        #expect(try ServiceAccountToken(options).current()?.exposed == "given")
        #expect(!ServiceAccountToken(options).isFromFile)
    }

    @Test func aReplacedTokenIsFoundWithinASecond() throws {
        let mount = try Mount()
        try mount.put("first\n")
        let (token, begin) = (self.token(mount.token), ContinuousClock.now)
        #expect(try token.current(now: begin)?.exposed == "first")
        // As long as the first and as old as it: only the place differs.
        try mount.put("other\n")
        #expect(try token.current(now: begin + .milliseconds(999))?.exposed == "first")
        #expect(try token.current(now: begin + .seconds(1))?.exposed == "other")
    }

    @Test func afterInvalidateItIsReadAtOnce() throws {
        let mount = try Mount()
        try mount.put("first")
        let (token, begin) = (self.token(mount.token), ContinuousClock.now)
        #expect(try token.current(now: begin)?.exposed == "first")
        try mount.put("second")
        token.invalidate()
        #expect(try token.current(now: begin)?.exposed == "second")
    }

    @Test(arguments: [" \n", ""])
    func anEmptyFileIsNoToken(content: String) throws {
        let mount = try Mount()
        try mount.put(content)
        let error = #expect(throws: ServiceAccountToken.Missing.self) { try self.token(mount.token).current() }
        #expect(error?.description.contains("K8S_TOKEN") == true)
        #expect(error?.description.contains(mount.token) == true)
    }

    @Test func aFileThatComesLateIsRead() throws {
        let mount = try Mount()
        let (token, begin) = (self.token(mount.token), ContinuousClock.now)
        #expect(throws: ServiceAccountToken.Missing.self) { try token.current(now: begin) }
        try mount.put("late")
        #expect(try token.current(now: begin)?.exposed == "late")
    }
}
