import Foundation
import Testing

@testable import BuildWorker

@Suite final class ClusterTrustTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("pem-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: self.directory, withIntermediateDirectories: true) }

    deinit { do { try FileManager.default.removeItem(at: self.directory) } catch { Issue.record(error) } }

    private func file(_ text: String) throws -> String { try self.file(Data(text.utf8)) }

    private func file(_ content: Data) throws -> String {
        let file = self.directory.appendingPathComponent(UUID().uuidString)
        try content.write(to: file)
        return file.path
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

    @Test func theBuildAPIsAuthorityIsLookedForWhereItIsGiven() throws {
        let bundle = try self.file(self.pem("QUJD"))
        var ecosystem = EcosystemOptions()
        #expect(throws: Never.self) { try ClusterTrust.check(ecosystem, systemBundle: "/nowhere") }
        ecosystem.caFile = try self.file(self.pem("QUJD"))
        #expect(throws: Never.self) { try ClusterTrust.check(ecosystem, systemBundle: bundle) }
        ecosystem.caFile = try self.file(self.pem("T1RI"))
        let error = #expect(throws: ClusterTrust.Untrusted.self) { try ClusterTrust.check(ecosystem, systemBundle: bundle) }
        #expect(error?.description.hasPrefix("the build API's authority (") == true)
        ecosystem.api = "http://api.test"
        #expect(throws: Never.self) { try ClusterTrust.check(ecosystem, systemBundle: bundle) }
    }

    @Test func aBundleThatIsMissingIsAnError() throws {
        let ca = try self.file(self.pem("QUJD"))
        #expect(throws: ClusterTrust.Untrusted.self) { try ClusterTrust.check(self.options("kubernetes.default", ca: ca), systemBundle: "/nowhere") }
    }

    @Test func aBundleMayHaveCommentsInAnyEncoding() throws {
        let ca = try self.file(self.pem("QUJD").replacingOccurrences(of: "\n", with: "\r\n"))
        let bundle = try self.file(Data([0x23, 0x20, 0xE9, 0x0A]) + Data(self.pem("QUJD").utf8))
        #expect(throws: Never.self) { try ClusterTrust.check(self.options("HTTPS://kubernetes.default", ca: ca), systemBundle: bundle) }
    }

    @Test func anAuthorityWithoutACertificateIsAnError() throws {
        let ca = try self.file("-----BEGIN CERTIFICATE-----\nQUJD\n")
        let bundle = try self.file(self.pem("QUJD"))
        let error = #expect(throws: ClusterTrust.Untrusted.self) { try ClusterTrust.check(self.options("kubernetes.default", ca: ca), systemBundle: bundle) }
        #expect(error?.description.contains("no certificate") == true)
    }

    @Test func theRemedyHelps() throws {
        let (authority, system) = (self.pem("T1RI"), self.pem("QUJD"))
        let (ca, bundle) = (try self.file(authority), try self.file(ClusterTrust.merged([system, authority])))
        #expect(throws: Never.self) { try ClusterTrust.check(self.options("kubernetes.default", ca: ca), systemBundle: bundle) }
    }

    @Test func mergingKeepsEachCertificateOnceInOrder() {
        let long = String(repeating: "QUJD", count: 40)
        let merged = ClusterTrust.merged(["# one\n" + self.pem("WFla") + self.pem(long), self.pem("T1RI", "WFla") + self.pem("WF", "la"), ""])
        #expect(ClusterTrust.certificates(in: merged) == ["WFla", long, "T1RIWFla"])
        #expect(merged.hasPrefix("-----BEGIN CERTIFICATE-----\nWFla\n-----END CERTIFICATE-----\n-----BEGIN"))
        #expect(merged.split(separator: "\n").allSatisfy { $0.count <= 64 })
        #expect(ClusterTrust.merged([merged, merged]) == merged)
        #expect(ClusterTrust.merged([]).isEmpty)
    }
}
