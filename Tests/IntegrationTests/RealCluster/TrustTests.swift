import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration.OnARealCluster {
    /// The worker speaks TLS with the API server, and to nobody who only says that he is it.
    @Suite struct TrustTests {
        @Test(arguments: ["localhost", "127.0.0.1"])
        func theRightAuthority(host: String) async throws {
            let cluster = try RealCluster.required()
            let stage = try await Stage.set()
            defer { stage.clear() }
            let server = cluster.server.replacingOccurrences(of: "127.0.0.1", with: host)
            let worker = try stage.startWorker(
                ["run"], ["K8S_HOST": server, "K8S_CA_FILE": cluster.authorityFile.path])
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await stage.publish(stage.start(2, image: "fate/bad-image:1"))
            try await eventually("both builds get their verdicts") {
                let state = try await stage.simulator.state()
                return state.hostname(1) == Integration.FatesTests.node && state.status(2) == "FAILURE"
            }
            try await stage.publish(stage.stop(1))
            try await eventually("the stopped one's pod is gone") {
                try await stage.simulator.state().alivePods(1).isEmpty
            }
            #expect(
                try await stage.simulator.requests().allSatisfy { $0["listener"]?.string != "kubernetes" },
                "nothing went past TLS")
            try await worker.terminate()
        }

        enum Impostor: CaseIterable, Sendable {
            case unknownAuthority, expired, otherHost

            var certificate: TLSFront.Certificate {
                switch self {
                case .unknownAuthority: .init()
                case .expired: .init(days: -1)
                case .otherHost: .init(name: "DNS:elsewhere.example")
                }
            }
        }

        @Test(arguments: Impostor.allCases)
        func impostorsGetNothing(impostor: Impostor) async throws {
            let cluster = try RealCluster.required()
            let stage = try await Stage.set()
            defer { stage.clear() }
            let front = try await TLSFront.start(impostor.certificate, before: cluster)
            defer { front.stop() }
            // Without a file of its own it trusts whom the system trusts, and the cluster's authority is not among them.
            let authority = impostor == .unknownAuthority ? "" : cluster.authorityFile.path
            let worker = try stage.startWorker(
                ["run"], ["K8S_HOST": "https://localhost:\(front.port)", "K8S_CA_FILE": authority])
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the worker says that it believes nobody there") {
                try worker.log().contains { $0["error"]?.string?.contains("TLS failed") == true }
            }
            try await eventually("the build waits for better times") { try worker.hasLogged(event: "outage_began") }
            #expect(try await stage.simulator.state().podsCreated == 0)
            #expect(try await stage.simulator.state().status(1) != "FAILURE")
            try await worker.terminate()
        }

        /// What refuses an impostor is his certificate, and not the way he listens.
        @Test func aFrontWithAGoodCertificateIsBelieved() async throws {
            let cluster = try RealCluster.required()
            let stage = try await Stage.set()
            defer { stage.clear() }
            let front = try await TLSFront.start(.init(), before: cluster)
            defer { front.stop() }
            let worker = try stage.startWorker(
                ["run"], ["K8S_HOST": "https://localhost:\(front.port)", "K8S_CA_FILE": cluster.authorityFile.path])
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the build runs") { try await stage.simulator.state().hostname(1) != nil }
            try await worker.terminate()
        }

        /// Once for a server that lets nobody in without a certificate, once for one to which it is all that is shown: no token.
        @Test(arguments: [true, false]) func aClusterThatWantsACertificate(besidesAToken: Bool) async throws {
            let cluster = try RealCluster.required()
            let stage = try await Stage.set()
            defer { stage.clear() }
            let authority = (cluster.authorityFile, cluster.authorityKeyFile)
            let own = try await TLSFront.make(
                .init(name: "DNS:worker"), subject: "/O=system:masters/CN=worker", by: authority)
            let front = try await TLSFront(
                try await TLSFront.make(.init(), by: authority), before: cluster.plainServer,
                demanding: cluster.authorityFile)
            defer { front.stop() }
            var environment = [
                "K8S_HOST": besidesAToken ? "https://localhost:\(front.port)" : cluster.server,
                "K8S_CA_FILE": cluster.authorityFile.path,
                "K8S_CLIENT_CERT_FILE": own.appendingPathComponent("tls.crt").path,
                "K8S_CLIENT_KEY_FILE": own.appendingPathComponent("tls.key").path,
            ]
            if !besidesAToken {
                environment["K8S_TOKEN"] = ""
                environment["K8S_TOKEN_FILE"] = "/nowhere/token"
            }
            let worker = try stage.startWorker(["run"], environment)
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the build runs") { try await stage.simulator.state().hostname(1) != nil }
            try await worker.terminate()
        }

        /// The server's certificate and the mounted authority are another's from one moment to the next, as in a rotation.
        @Test func anAuthorityThatIsReplacedMidRun() async throws {
            let cluster = try RealCluster.required()
            let stage = try await Stage.set()
            defer { stage.clear() }
            let authority = Surroundings.directory.appendingPathComponent(Surroundings.newName("ca.crt"))
            let first = try await TLSFront.make(.init(), by: nil)
            try FileManager.default.copyItem(at: first.appendingPathComponent("ca.crt"), to: authority)
            let front = try await TLSFront(first, before: cluster.plainServer)
            let worker = try stage.startWorker(
                ["run"], ["K8S_HOST": "https://localhost:\(front.port)", "K8S_CA_FILE": authority.path])
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the first authority is believed") {
                try await stage.simulator.state().hostname(1) != nil
            }

            front.stop()
            let second = try await TLSFront.make(.init(), by: nil)
            let other = try await TLSFront(second, before: cluster.plainServer, port: front.port)
            defer { other.stop() }
            try await stage.publish(stage.start(2, image: "fate/running:1"))
            try await eventually("the new server is not believed yet") {
                try worker.log().contains { $0["error"]?.string?.contains("TLS failed") == true }
            }
            // Half written: nothing usable, so nothing changes.
            try Data("-----BEGIN".utf8).write(to: authority, options: .atomic)
            try await eventually("it says what it cannot use") {
                try worker.log().contains { $0["error"]?.string?.contains("holds no certificate") == true }
            }
            try Data(contentsOf: second.appendingPathComponent("ca.crt")).write(to: authority, options: .atomic)
            try await eventually("the second authority is believed") {
                try await stage.simulator.state().hostname(2) != nil
            }
            #expect(try await stage.simulator.state().status(2) != "FAILURE")
            try await worker.terminate()
        }

        /// The build API's authority is the build API's alone.
        @Test func theBuildAPIHasAnAuthorityOfItsOwn() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let made = try await TLSFront.make(.init(), by: nil)
            let front = try await TLSFront(made, before: stage.simulator.api)
            defer { front.stop() }
            let api = "https://localhost:\(front.port)"
            let worker = try stage.startWorker(
                ["run"], ["ECOSYSTEM_API": api, "ECOSYSTEM_CA_FILE": made.appendingPathComponent("ca.crt").path])
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/bad-image:1", apiURI: api))
            try await eventually("the build's failure is told over TLS") {
                try await stage.simulator.state().status(1) == "FAILURE"
            }
            try await worker.terminate()
        }

        /// As the kubelet replaces it: the worker reads the file again, and once more after a 401.
        @Test func aTokenThatIsReplacedMidRun() async throws {
            let cluster = try RealCluster.required()
            let stage = try await Stage.set()
            defer { stage.clear() }
            let file = Surroundings.directory.appendingPathComponent(Surroundings.newName("token"))
            try Data(stage.clusterToken.utf8).write(to: file)
            let worker = try stage.startWorker(["run"], ["K8S_TOKEN": "", "K8S_TOKEN_FILE": file.path])
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the first token is taken") { try await stage.simulator.state().hostname(1) != nil }
            try Data("a-token-that-nobody-signed".utf8).write(to: file, options: .atomic)
            // The file is looked at once a second: some builds may still be started with the first.
            var build = 1
            var statuses: [Int?] = []
            repeat {
                build += 1
                try await stage.publish(stage.start(build, image: "fate/running:1"))
                try await eventually("build \(build) is asked for") {
                    statuses = try await stage.simulator.requests().filter {
                        $0["build"]?.string == "\(build)" && $0["method"]?.string == "POST"
                    }.map { $0["status"]?.integer }
                    return statuses.first == 201 || statuses.count >= 2
                }
            } while statuses.first == 201
            #expect(statuses.prefix(2) == [401, 401], "asked once more, for the file may be new")
            try Data(try await cluster.workerToken().utf8).write(to: file, options: .atomic)
            try await eventually("the third is taken") { try await stage.simulator.state().hostname(build) != nil }
            #expect(try await stage.simulator.state().status(build) != "FAILURE")
            let code = try await worker.terminate()
            #expect(code == 0)
        }
    }
}
