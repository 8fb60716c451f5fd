import Foundation
import Testing

@testable import BuildWorker

@Suite struct ClusterTrustTests {
    private func file(_ text: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("pem-\(UUID().uuidString)").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func pem(_ lines: String...) -> String { "-----BEGIN CERTIFICATE-----\n\(lines.joined(separator: "\n"))\n-----END CERTIFICATE-----\n" }

    private func options(_ host: String, ca: String) -> KubernetesOptions {
        var options = KubernetesOptions()
        (options.host, options.caFile) = (host, ca)
        return options
    }

    @Test func anAuthorityInTheBundleIsTrustedHoweverItIsWrapped() throws {
        let ca = try self.file(self.pem("QUJD", "REVG"))
        let bundle = try self.file("# a comment\n" + self.pem("WFla") + self.pem("QUJDREVG"))
        #expect(throws: Never.self) { try ClusterTrust.check(self.options("kubernetes.default", ca: ca), systemBundle: bundle) }
    }

    @Test func anAuthorityThatIsMissingIsNamedWithTheRemedy() throws {
        let ca = try self.file(self.pem("QUJD") + self.pem("T1RI"))
        let bundle = try self.file(self.pem("QUJD"))
        let error = #expect(throws: ClusterTrust.Untrusted.self) { try ClusterTrust.check(self.options("kubernetes.default", ca: ca), systemBundle: bundle) }
        #expect(error?.description.contains(ca) == true)
        #expect(error?.description.contains("append") == true)
    }

    @Test func withoutTLSOrWithoutAnAuthorityThereIsNothingToCheck() throws {
        let ca = try self.file(self.pem("QUJD"))
        #expect(throws: Never.self) { try ClusterTrust.check(self.options("http://127.0.0.1:8001", ca: ca), systemBundle: "/nowhere") }
        #expect(throws: Never.self) { try ClusterTrust.check(self.options("kubernetes.default", ca: "/nowhere"), systemBundle: "/nowhere") }
    }

    @Test func aBundleThatIsMissingIsAnError() throws {
        let ca = try self.file(self.pem("QUJD"))
        #expect(throws: ClusterTrust.Untrusted.self) { try ClusterTrust.check(self.options("kubernetes.default", ca: ca), systemBundle: "/nowhere") }
    }
}
