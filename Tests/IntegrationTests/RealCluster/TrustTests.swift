import Foundation
import TestSupport
import Testing

@testable import BuildWorker

extension Integration.OnARealCluster {
    /// The worker speaks TLS with the API server, and to nobody who only says that he is it.
    @Suite struct TrustTests {
        /// The system's authorities and the cluster's, as an init container writes them.
        private func bundle(with authority: URL) async throws -> URL {
            let file = Surroundings.directory.appendingPathComponent(Surroundings.newName("bundle"))
            let trust = try await WorkerProcess.run(["trust", "--ca", authority.path, "--out", file.path], environment: [:])
            try #require(trust.code == 0, "\(trust.errors)")
            return file
        }

        @Test(arguments: ["localhost", "127.0.0.1"])
        func theRightAuthority(host: String) async throws {
            let cluster = try RealCluster.required()
            let stage = try await Stage.set()
            defer { stage.clear() }
            let server = cluster.server.replacingOccurrences(of: "127.0.0.1", with: host)
            let worker = try stage.startWorker(
                ["run"], ["K8S_HOST": server, "K8S_CA_FILE": cluster.authorityFile.path], trusting: try await self.bundle(with: cluster.authorityFile))
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await stage.publish(stage.start(2, image: "fate/bad-image:1"))
            try await eventually("both builds get their verdicts") {
                let state = try await stage.simulator.state()
                return state.hostname(1) == Integration.FatesTests.node && state.status(2) == "FAILURE"
            }
            try await stage.publish(stage.stop(1))
            try await eventually("the stopped one's pod is gone") { try await stage.simulator.state().alivePods(1).isEmpty }
            #expect(try await stage.simulator.requests().allSatisfy { $0["listener"]?.string != "kubernetes" }, "nothing went past TLS")
            try await worker.terminate()
        }

        @Test func withoutTheAuthorityItDoesNotStart() async throws {
            let cluster = try RealCluster.required()
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["K8S_HOST": cluster.server, "K8S_CA_FILE": cluster.authorityFile.path])
            #expect(try await worker.child.waitForExit() == 78)
            #expect(try worker.hasLogged("the cluster's authority (\(cluster.authorityFile.path)) is not among those this system trusts"))
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
            let bundle: URL? = impostor == .unknownAuthority ? nil : try await self.bundle(with: cluster.authorityFile)
            let worker = try stage.startWorker(["run"], ["K8S_HOST": "https://localhost:\(front.port)"], trusting: bundle)
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the worker says that it believes nobody there") {
                try worker.log().contains { $0["error"]?.string?.contains("TLS failed") == true }
            }
            try await eventually("the build waits for better times") { try worker.hasLogged("is away: no more deliveries are taken") }
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
                ["run"], ["K8S_HOST": "https://localhost:\(front.port)"], trusting: try await self.bundle(with: cluster.authorityFile))
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the build runs") { try await stage.simulator.state().hostname(1) != nil }
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
                    statuses = try await stage.simulator.requests().filter { $0["build"]?.string == "\(build)" && $0["method"]?.string == "POST" }.map { $0["status"]?.integer }
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
