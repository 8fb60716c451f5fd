import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ
@testable import Support

extension Integration {
    /// What controllers, clusters and brokers really do, and nobody may be failed, paged or doubled for.
    @Suite struct RealityTests {
        /// FAILURE at once, in the policy's words; the worker is well.
        @Test(arguments: [
            #"admission webhook "validation.gatekeeper.sh" denied the request: [allowed-repos] container <1> has an invalid image repo"#,
            #"pods "1-abcde" is forbidden: violates PodSecurity "baseline:latest": privileged (container "1" must not set securityContext.privileged=true)"#,
            #"pods "1-abcde" is forbidden: maximum cpu usage per Container is 2, but limit is 6"#,
        ])
        func aPolicysWordIsTheBuilds(words: String) async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.simulator.fault([
                "listener": "kubernetes", "method": "POST",
                "action": [
                    "status": 403,
                    "body": [
                        "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure",
                        "message": .string(words), "reason": "Forbidden", "code": 403,
                    ],
                ],
            ])
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("it is failed") { try await stage.simulator.state().status(1) == "FAILURE" }
            #expect(try await stage.simulator.state().message(1).contains(words.prefix(60)))
            #expect(
                try await stage.simulator.requests().count {
                    $0["method"]?.string == "POST" && $0["path"]?.string?.hasSuffix("/pods") ?? false
                } == 1)
            try await eventually("the report names the policy") {
                try await worker.status()["reports"]?.array?.first?["title"]?.string?.hasPrefix("policy: ") == true
            }
            #expect(try await worker.status()["ready"]?.bool == true)
            try await worker.terminate()
        }

        /// At the change-over a start of the original comes again: its pod has a random name.
        @Test func aPodOfTheOriginalIsAdopted() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(1))
            defer { stage.clear() }
            let pod: JSONValue = [
                "apiVersion": "v1", "kind": "Pod",
                "metadata": ["name": "1-k9zgg", "labels": ["app": "screwdriver", "tier": "builds", "sdbuild": "1"]],
                "spec": [
                    "containers": [
                        [
                            "name": "1", "image": "fate/running:1",
                            "args": [.string("/opt/sd/run.sh \"\(Stage.token(1))\" \"\(stage.simulator.api)\"")],
                        ]
                    ]
                ],
            ]
            let made = try await HTTPTransport().send(
                HTTPRequest(
                    method: "POST", url: "\(stage.simulator.kubernetes)/api/v1/namespaces/\(stage.namespace)/pods",
                    bearer: Secret(stage.clusterToken),
                    body: pod.serialized()), deadline: .seconds(5))
            #expect(made.status == 201)
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(
                stage.start(1, image: "fate/running:1"), headers: [Header.earlierAttempts: .int64(1)])
            try await eventually("it is verified") {
                try stage.isSettled() && stage.depth(\.initTimers) == 0
                    && worker.hasLogged("jobType: verify, buildId: 1, result: pod running")
            }
            #expect(try await stage.simulator.state().pods(1).count == 1)
            #expect(try worker.hasLogged(event: "pod_adopted"))
            // … and goes with its stop.
            try await stage.publish(stage.stop(1))
            try await eventually("its pod is gone") { try await stage.simulator.state().alivePods(1).isEmpty }
            try await worker.terminate()
        }

        /// Nobody can be asked or told anything with it: final, and said so.
        @Test func aTokenThatHasExpired() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            var message = stage.start(1, image: "fate/running:1")
            message["buildConfig"]?["token"] = .string(BuildToken.make(1, validFor: -60, secret: Stage.secret))
            try await stage.publish(message, headers: [Header.earlierAttempts: .int64(1)])
            try await eventually("a report says so") {
                try await worker.status()["reports"]?.array?.first?["kind"]?.string == "failure-refused"
            }
            let title = try await worker.status()["reports"]?.array?.first?["title"]?.string ?? ""
            #expect(title.hasPrefix("token: ") && title.contains("expired"), "\(title)")
            #expect(try stage.isSettled())
            #expect(try await stage.simulator.state().pods(1).isEmpty)
            try await worker.terminate()
        }

        /// Its message goes round for a while, others are served meanwhile, and then an operator gets it with what is owed.
        @Test func anAPIThatFailsForOneBuildForEver() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(1))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["ECOSYSTEM_API_PATIENCE": "0.05", "REQUEST_MAXATTEMPTS": "1"])
            try await worker.waitUntilConsuming()
            let rule = try await stage.simulator.fault([
                "listener": "api", "path": "/v4/builds/1", "action": ["status": 500],
            ])
            try await stage.publish(stage.start(1, image: "fate/bad-image:1"))
            for build in 2...5 {
                try await stage.publish(stage.start(build, image: "fate/running:1"))
                try await Task.sleep(for: .milliseconds(500))
            }
            try await eventually("it is parked", within: .seconds(60)) {
                try stage.depth(\.parked) == 1 && stage.isSettled()
            }
            let state = try await stage.simulator.state()
            #expect((2...5).allSatisfy { state.pods($0).count == 1 })
            try await eventually("a report says what is owed") {
                try await worker.status()["reports"]?.array?.contains { $0["kind"]?.string == "owed" } == true
            }
            let listed = try await WorkerProcess.run(["parked", "list"], environment: stage.environment())
            #expect(listed.output.contains("owed"), "\(listed)")
            // … who has the API mended and tells it again.
            try await stage.simulator.removeFault(rule)
            let retried = try await WorkerProcess.run(["parked", "retry", "--all"], environment: stage.environment())
            #expect(retried.code == 0, "\(retried)")
            try await eventually("the build's cause is told") {
                try await stage.simulator.state().message(1).contains("Please check if your image is valid.")
            }
            try await worker.terminate()
        }

        @Test func aSidecarInTroubleFailsNobody() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(1))
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/sidecar-trouble:1"))
            try await eventually("it is verified") {
                try stage.isSettled() && worker.hasLogged("jobType: verify, buildId: 1, result: pod running")
            }
            #expect(try await stage.simulator.state().hostname(1) != nil)
            #expect(try await stage.simulator.requests().allSatisfy { $0[path: "body", "status"]?.string != "FAILURE" })
            try await worker.terminate()
        }

        /// Seen at the start's own look, and again at the verification that follows at once.
        @Test func aRegistryThatIsBusyForAMoment() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(60))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["K8S_POD_STATUSQUERY_DELAY": "500"])
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/busy-registry:1"))
            try await eventually("it runs and is verified") {
                try stage.isSettled() && worker.hasLogged("jobType: verify, buildId: 1, result: pod running")
            }
            #expect(try worker.hasLogged("postponed without an attempt for jobId: 1000001, jobType: verify"))
            #expect(try await stage.simulator.requests().allSatisfy { $0[path: "body", "status"]?.string != "FAILURE" })
            try await worker.terminate()
        }

        /// Requests that take long, and a broker that does not wait for settlements as long as all in flight take.
        @Test func deliveriesThatTheBrokerTookBack() async throws {
            let broker = try await Broker.start()
            let stage = try await Stage.set(broker: broker)
            defer { stage.clear() }
            _ = try await broker.ctl(
                "eval",
                "application:set_env(rabbit, consumer_timeout, 4000), application:set_env(rabbit, channel_tick_interval, 500)."
            )
            try await stage.simulator.fault(["listener": "kubernetes", "action": ["delayMs": 400]])
            let worker = try stage.startWorker(["run"], ["CONCURRENCY_START": "1"])
            try await worker.waitUntilConsuming()
            for build in 1...15 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("all are done", within: .seconds(150)) {
                let state = try await stage.simulator.state()
                return try stage.isSettled()
                    && (1...15).allSatisfy { state.pods($0).count == 1 && state.hostname($0) != nil }
            }
            #expect(try worker.hasLogged(event: "deliveries_taken_back"), "the log says what it is")
            #expect(try worker.hasLogged("taken back by RabbitMQ"))
            try await worker.terminate()
            try await broker.stop()
        }
    }
}
