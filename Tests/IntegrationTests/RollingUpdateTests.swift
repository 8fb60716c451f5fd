import Foundation
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration {
    /// A new version is rolled out by the shipped Deployment while builds flow.
    @Suite struct RollingUpdateTests {
        /// What the manifests say of it.
        private struct Rollout {
            /// `terminationGracePeriodSeconds`: whoever has not ended then is killed.
            let grace: Duration
            /// `DRAIN_TIMEOUT` of the ConfigMap.
            let drainTimeout: String

            init() throws {
                let spec = try #require(try RealCluster.shipped("deployment")["spec"])
                // One more at a time, and never one fewer: the order that ``roll`` plays.
                #expect(spec[path: "strategy", "rollingUpdate", "maxSurge"] == 1)
                #expect(spec[path: "strategy", "rollingUpdate", "maxUnavailable"] == 0)
                self.grace = .seconds(
                    try #require(spec[path: "template", "spec", "terminationGracePeriodSeconds"]?.integer))
                self.drainTimeout = try #require(
                    try RealCluster.shipped("config-map")[path: "data", "DRAIN_TIMEOUT"]?.string)
            }
        }

        /// Plays the Deployment's controller and the kubelet: a new worker, and when it is ready, SIGTERM for an old one. The next new
        /// one does not wait for the old one's end.
        private func roll(_ old: [WorkerProcess], _ stage: Stage, _ rollout: Rollout) async throws -> [WorkerProcess] {
            try await withThrowingTaskGroup(of: Void.self) { drains in
                var new: [WorkerProcess] = []
                for leaving in old {
                    let coming = try stage.startWorker(["run"], ["DRAIN_TIMEOUT": rollout.drainTimeout])
                    try await coming.waitUntilConsuming()
                    try await eventually("the new worker is ready") { try await coming.get("/readyz").status == 200 }
                    try await eventually("the old one has its hands full") {
                        try await leaving.status()["unacked"]?.integer ?? 0 > 5
                    }
                    leaving.child.signal(SIGTERM)
                    drains.addTask {
                        #expect(
                            try await leaving.child.waitForExit(within: rollout.grace) == 0,
                            "it drains within its grace period")
                        try LogCheck.holds(leaving)
                    }
                    new.append(coming)
                }
                try await drains.waitForAll()
                return new
            }
        }

        @Test func aRolloutUnderLoadLosesAndDoublesNothing() async throws {
            let rollout = try Rollout()
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            // Some pods take the API server long: they are in flight when SIGTERM comes.
            try await stage.simulator.fault([
                "listener": "kubernetes", "method": "POST", "probability": .number("0.4"), "action": ["delayMs": 500],
            ])
            let old = try (0..<2).map { _ in try stage.startWorker(["run"], ["DRAIN_TIMEOUT": rollout.drainTimeout]) }
            for worker in old { try await worker.waitUntilConsuming() }

            let isRolledOut = Mutex(false)
            async let builds = {
                var build = 0
                while !isRolledOut.withLock({ $0 }) {
                    for _ in 0..<20 {
                        build += 1
                        try await stage.publish(stage.start(build, image: "fate/running:1"))
                    }
                    // As much as is always waiting, and no more than the workers get done.
                    try await eventually("the workers take builds") { try stage.depth(\.build) < 40 }
                }
                return build
            }()
            let new: [WorkerProcess]
            do {
                defer { isRolledOut.withLock { $0 = true } }
                new = try await self.roll(old, stage, rollout)
            }
            let count = try await builds

            try await eventually("every build has its timer", within: .seconds(120)) {
                try stage.depth(\.initTimers) == count && stage.isSettled()
            }
            try await eventually("nothing is unacked") {
                try await stage.broker.unacked(prefix: stage.queues.build) == 0
            }
            let state = try await stage.simulator.state()
            #expect(state.podsCreated == count)
            for build in 1...count {
                #expect(state.pods(build).count == 1, "build \(build)")
                #expect(state.status(build) != "FAILURE", "build \(build): \(state.message(build))")
            }
            for worker in new { #expect(try await worker.terminate() == 0) }
        }
    }
}
