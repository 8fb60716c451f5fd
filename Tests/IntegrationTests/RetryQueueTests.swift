import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration {
    /// Brokers that cannot verify: the worker keeps init timers and what comes of them itself, and nothing is left hanging.
    @Suite struct RetryQueueTests {
        enum Lack: String, CaseIterable {
            case switchedOff, missing, forbidden

            /// What `/readyz` names.
            var words: String {
                switch self {
                case .switchedOff: "RABBITMQ_RETRYQUEUE_ENABLED is off"
                case .missing: "NOT_FOUND"
                case .forbidden: "ACCESS_REFUSED"
                }
            }
        }

        private static func environment(_ lack: Lack, _ stage: Stage) async throws -> [String: String] {
            switch lack {
            case .switchedOff: return ["RABBITMQ_RETRYQUEUE_ENABLED": "false"]
            case .missing:
                try await stage.broker.ctl("delete_queue", stage.queues.retry)
                return [:]
            case .forbidden:
                let user = Surroundings.newName("user")
                try await stage.broker.ctl("add_user", user, "made-up")
                // The init queue can be published to, by way of the exchange.
                let queues = [stage.queues.build, stage.queues.wait, stage.queues.parked].map {
                    $0.replacing(".", with: "\\.")
                }
                try await stage.broker.ctl(
                    "set_permissions", user, "^$", "^\(stage.queues.exchange)$", "^(\(queues.joined(separator: "|")))$")
                return ["RABBITMQ_USERNAME": user, "RABBITMQ_PASSWORD": "made-up"]
            }
        }

        @Test(arguments: Lack.allCases) func nothingIsLeftHanging(_ lack: Lack) async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let environment = try await Self.environment(lack, stage)
            let worker = try stage.startWorker(["run"], environment)
            try await worker.waitUntilConsuming(queues: 1)
            try await eventually("it says what it works without") {
                try await worker.get("/readyz").text.contains(lack.words)
            }
            for (build, image) in [
                (1, "fate/running:1"), (2, "fate/bad-image:1"), (3, "fate/stuck-pending:1"), (4, "fate/short:1"),
            ] {
                try await stage.publish(stage.start(build, image: image))
            }
            // Its first looks after the init timer fail, and are tried again.
            _ = try await stage.simulator.fault([
                "listener": "kubernetes", "method": "GET", "path": "/pods/3-", "action": ["status": 500], "times": 1,
            ])
            try await eventually("all are judged") {
                let state = try await stage.simulator.state()
                return state.hostname(1) != nil && state.status(2) == "FAILURE" && state.status(3) == "FAILURE"
                    && state.status(4) == "SUCCESS"
            }
            try await eventually("nothing is left") { try await worker.status()[path: "timers", "local"]?.integer == 0 }
            let depths = try stage.broker.depths([
                stage.queues.initTimers, stage.queues.retry, stage.queues.build, stage.queues.wait,
            ])
            #expect(depths.allSatisfy { $0 == 0 || $0 == nil }, "\(depths): nothing is published into nothing")
            let (status, text) = try await worker.get("/readyz")
            #expect(status == 200 && text.hasPrefix("ok\nno retry queue"))
            #expect(try worker.messages().count { $0.contains("no retry queue") } == 1, "said once")
            try await worker.terminate()
            #expect(try await stage.simulator.state().status(1) != "FAILURE")
        }

        /// The timers of a worker that died: from its disk, and where that is gone, by the pods.
        @Test(arguments: [true, false]) func timersOutliveTheWorker(onItsDisk: Bool) async throws {
            let stage = try await Stage.set(initTimeout: .seconds(3))
            defer { stage.clear() }
            let more = ["RABBITMQ_RETRYQUEUE_ENABLED": "false", "JANITOR_INTERVAL": "1"]
            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            let first = try stage.startWorker(["run"], more.merging(["SPOOL_DIRECTORY": spool]) { $1 })
            try await first.waitUntilConsuming(queues: 1)
            for (build, image) in [(1, "fate/stuck-pending:1"), (2, "fate/running:1")] {
                try await stage.publish(stage.start(build, image: image))
            }
            try await eventually("the timers are kept") {
                try await first.status()[path: "timers", "local"]?.integer == 2
            }
            try await first.child.kill9()
            let second = try stage.startWorker(
                ["run"], onItsDisk ? more.merging(["SPOOL_DIRECTORY": spool]) { $1 } : more)
            try await eventually("the build is failed") { try await stage.simulator.state().status(1) == "FAILURE" }
            #expect(
                try second.hasLogged(
                    onItsDisk
                        ? "init timers of an earlier run are armed again"
                        : "a pod that has not begun is verified by this worker"))
            try await eventually("nothing is left") { try await second.status()[path: "timers", "local"]?.integer == 0 }
            #expect(try await stage.simulator.state().status(2) != "FAILURE")
            try await second.terminate()
        }

        /// The retry queue comes back: what fires then goes there, and the note is gone.
        @Test func theBrokerVerifiesAgainAsSoonAsItCan() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(4))
            defer { stage.clear() }
            _ = try await Self.environment(.missing, stage)
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming(queues: 1)
            try await eventually("it says so") { try await worker.get("/readyz").text.contains("no retry queue") }
            try await stage.publish(stage.start(1, image: "fate/stuck-pending:1"))
            try await eventually("the timer is kept") {
                try await worker.status()[path: "timers", "local"]?.integer == 1
            }
            try await stage.declare(.quorum)
            try await eventually("it is as it should be") { try await worker.get("/readyz") == (200, "ok") }
            try await eventually("the next timer is the broker's") { try stage.depth(\.initTimers) == 1 }
            try await eventually("the build is failed") { try await stage.simulator.state().status(1) == "FAILURE" }
            try await worker.terminate()
        }
    }
}
