import Foundation
import TestSupport
import Testing

@testable import BuildWorker

extension Integration.OnARealCluster {
    /// An API server that turns requests away is as good as away: that costs time, not builds.
    @Suite struct CrowdTests {
        @Test func anAPIServerThatIsTooBusyFailsNoBuild() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            let crowd = try await Crowd.gather(in: stage.namespace)
            for build in 1...20 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("the worker says what it is told, and takes no more") {
                let health = try await worker.health()
                return health.status == 503 && health.text.contains("the Kubernetes API unavailable")
                    && health.text.contains("429 TooManyRequests")
            }
            try await crowd.leave()
            // One whose message came twice is watched twice: RabbitMQ 3.10.8 may crash on its way when a queue is consumed again.
            try await eventually("all builds are started") { try stage.depth(\.initTimers) >= 20 && stage.isSettled() }
            let state = try await stage.simulator.state()
            #expect(state.podsCreated == 20)
            #expect((1...20).allSatisfy { state.status($0) != "FAILURE" })
            try await worker.terminate()
        }
    }
}
