import Foundation
import Synchronization
import Testing

@testable import BuildWorker
@testable import Clients

@Suite struct PEMFileTests {
    private let path = FileManager.default.temporaryDirectory.appendingPathComponent(
        "build-worker-tests-\(UUID().uuidString).pem"
    ).path

    private func write(_ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: self.path), options: .atomic)
    }
    private func text(_ content: PEMFile.Content?) -> String? {
        content.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test func aFileIsReadAgainWhenItHasChanged() throws {
        defer { try? FileManager.default.removeItem(atPath: self.path) }
        let start = ContinuousClock.now
        try self.write(PEMFixture.text("CERTIFICATE", "QQ=="))
        let problems = Mutex<[String]>([])
        let file = PEMFile(self.path, .certificates) { problem in problems.withLock { $0.append(problem) } }
        let first = try #require(file.current(now: start))
        #expect(self.text(first) == PEMFixture.text("CERTIFICATE", "QQ=="))
        #expect(
            file.current(now: start + .seconds(5)) === first,
            "the same as long as it has not changed: libcurl keeps a connection by it")

        try self.write(PEMFixture.text("CERTIFICATE", "QUFBQQ=="))
        #expect(file.current(now: start + .seconds(5.5)) === first, "it is looked at once a second")
        let second = file.current(now: start + .seconds(7))
        #expect(self.text(second) == PEMFixture.text("CERTIFICATE", "QUFBQQ=="))

        // Half written, something else, gone: what was good stays, and it is said once for each.
        for (offset, text) in [(9.0, "-----BEGIN CERT"), (11, PEMFixture.text("PRIVATE KEY"))] {
            try self.write(text)
            for more in [0, 2.0] { #expect(file.current(now: start + .seconds(offset + more * 0.6)) === second) }
        }
        try FileManager.default.removeItem(atPath: self.path)
        #expect(file.current(now: start + .seconds(20)) === second)
        #expect(
            problems.withLock { $0 } == [
                "holds no certificate in PEM", "holds no certificate in PEM", "cannot be read",
            ])
    }

    /// Whoever asks for authorities and has none must not get the system's.
    @Test func aFileThatNeverWasUsableIsNone() {
        #expect(PEMFile("/nowhere/ca.crt", .certificates).current() == nil)
        #expect(PEMFile.problem("/nowhere/ca.crt", .certificates) == "cannot be read")
        #expect(PEMFile.problem(PEMFixture.certificates, .certificates) == nil)
        #expect(PEMFile.problem(PEMFixture.key, .privateKey) == nil)
        #expect(PEMFile.problem(PEMFixture.encryptedKey, .privateKey) == "holds no unencrypted private key in PEM")
        #expect(PEMFile.problem(PEMFixture.key, .certificates) == "holds no certificate in PEM")
    }

    @Test func withoutItsAuthoritiesNothingIsSent() async throws {
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        var options = HTTPOptions()
        options.authorities = PEMFile("/nowhere/ca.crt", .certificates)
        let error = await #expect(throws: HTTPError.self) {
            try await HTTPTransport(options).send(
                HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(20))
        }
        #expect(error?.code == .tlsFailure)
        #expect(server.requests.isEmpty)
    }
}
