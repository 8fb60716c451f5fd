import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration {
    /// An outage of others costs time, not builds.
    @Suite struct OutageTests {
        /// With one retry left and a wait of a second, an outage of some seconds would fail builds by their attempts.
        private static let impatient = ["RABBITMQ_MSG_REPROCESS_LIMIT": "1"]

        enum Outage: String, CaseIterable {
            case refused, errors, unauthorized, writesFail

            func begin(_ simulator: Simulator) async throws {
                switch self {
                case .refused: try await simulator.setListener("kubernetes", open: false)
                case .errors: try await simulator.fault(["listener": "kubernetes", "action": ["status": 503]])
                case .unauthorized: try await simulator.fault(["listener": "kubernetes", "action": ["status": 401]])
                case .writesFail:
                    try await simulator.fault(["listener": "kubernetes", "method": "POST", "action": ["status": 500]])
                }
            }

            func end(_ simulator: Simulator) async throws {
                try await simulator.clearFaults()
                try await simulator.setListener("kubernetes", open: true)
            }
        }

        @Test(arguments: Outage.allCases)
        func ofTheClusterFailsNoBuild(outage: Outage) async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], Self.impatient)
            try await worker.waitUntilConsuming()
            try await outage.begin(stage.simulator)
            for build in 1...200 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("the intake pauses") { try worker.hasLogged(event: "outage_began") }
            try await eventually("health says why") {
                let health = try await worker.health()
                return health.status == 503
                    && health.text.contains("the Kubernetes API unavailable; consumption paused")
            }
            try await eventually("probes go on") {
                try worker.messages().count { $0.contains("still unavailable") } >= 3
            }
            try await outage.end(stage.simulator)
            try await eventually("all builds are started") {
                // One whose message came twice is watched twice: RabbitMQ 3.10.8 may crash on its way when a queue is consumed again.
                try stage.depth(\.initTimers) >= 200 && stage.isSettled()
            }
            let state = try await stage.simulator.state()
            #expect(state.podsCreated == 200)
            #expect((1...200).allSatisfy { state.status($0) != "FAILURE" })
            try await eventually("the worker is ready again") { try await worker.health().status == 200 }
            try await worker.terminate()
        }

        @Test func aSingleBuildIsEnoughToNotice() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["RABBITMQ_MSG_REPROCESS_LIMIT": "0"])
            try await worker.waitUntilConsuming()
            try await stage.simulator.setListener("kubernetes", open: false)
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the message waits") { try worker.hasLogged("postponed without an attempt") }
            try await stage.simulator.setListener("kubernetes", open: true)
            try await eventually("the build is started") { try stage.depth(\.initTimers) >= 1 }
            #expect(try await stage.simulator.state().status(1) != "FAILURE")
            try await worker.terminate()
        }

        @Test(arguments: [Stage.Layout.quorum, .upstream])
        func ofTheBuildAPIKeepsFailures(layout: Stage.Layout) async throws {
            let stage = try await Stage.set(layout, initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], Self.impatient)
            try await worker.waitUntilConsuming()
            try await stage.simulator.setListener("api", open: false)
            for build in 1...20 { try await stage.publish(stage.start(build, image: "fate/invalid:1")) }
            try await eventually("the intake pauses") {
                try worker.log().contains {
                    $0["event"]?.string == "outage_began" && $0["service"]?.string == "build_api"
                }
            }
            try await eventually("probes go on") {
                try worker.messages().count { $0.contains("still unavailable") } >= 3
            }
            try await stage.simulator.setListener("api", open: true)
            try await eventually("every build hears its real cause") {
                let state = try await stage.simulator.state()
                return (1...20).allSatisfy {
                    state.status($0) == "FAILURE" && state.message($0).contains("The cluster rejected its pod")
                }
            }
            try await eventually("nothing is left") { try stage.isSettled() }
            try await worker.terminate()
        }

        /// Each at the hand of something that refuses just these pods, an admission webhook perhaps.
        @Test func theFaultsOfManyBuildsEnd() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], Self.impatient)
            try await worker.waitUntilConsuming()
            for build in 1...10 { try await stage.publish(stage.start(build, image: "fate/refuse-always:1")) }
            try await eventually("all are failed for their own sake") {
                let state = try await stage.simulator.state()
                return (1...10).allSatisfy {
                    state.status($0) == "FAILURE" && state.message($0).contains("after 1 retry")
                }
            }
            try await worker.terminate()
        }

        @Test func oneBuildsOwnFaultIsNone() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], Self.impatient)
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/refuse-always:1"))
            try await stage.publish(stage.start(2, image: "fate/running:1", apiURI: "http://127.0.0.1:1"))
            try await stage.publish(stage.start(3, image: "fate/invalid:1", apiURI: "http://127.0.0.1:1"))
            try await eventually("the first is failed for its own sake") {
                try await stage.simulator.state().status(1) == "FAILURE"
            }
            try await eventually("the third's report waits") {
                try worker.hasLogged("postponed without an attempt for jobId: 1000003")
            }
            #expect(try !worker.hasLogged(event: "outage_began"))
            #expect(try await worker.health().status == 200)
            try await worker.terminate()
        }
    }
}
