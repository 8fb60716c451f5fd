import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ
@testable import Support
@testable import Workflow

extension Integration {
    /// The rows of WORKFLOW.md through the worker's binary, a real RabbitMQ and a cluster that fails as told.
    @Suite struct FatesTests {
        struct Fate: Sendable {
            let build: Int
            let image: String
            /// `nil`: the build must not be failed.
            var failure: String?
            /// How the build ends by itself, if it does.
            var end: String?
            var pods = 1
            /// The node that the API must have been told, where there is one.
            var hostname: String?
        }

        static let node = "node-7.sim"

        static let fates = [
            Fate(build: 1, image: "fate/running:1", hostname: node),
            Fate(build: 2, image: "fate/succeeded:1", end: "SUCCESS"),
            Fate(build: 3, image: "fate/slow-3:1", hostname: node),
            Fate(
                build: 4, image: "fate/bad-image:1",
                failure: "Build failed to start. Please check if your image is valid."),
            Fate(
                build: 5, image: "fate/bad-launcher-image:1",
                failure: "Build failed to start. Please check if your image is valid."),
            Fate(
                build: 6, image: "fate/invalid-image:1",
                failure: "Build failed to start. Please check if your image is valid."),
            Fate(
                build: 7, image: "fate/crash:1",
                failure: "Build failed to start. Please reach out to your cluster admin for help."),
            Fate(
                build: 8, image: "fate/config-error:1",
                failure: "Build failed to start. Please reach out to your cluster admin for help."),
            Fate(build: 9, image: "fate/failed:1", failure: "Failed to create pod. Pod status is: failed"),
            Fate(build: 10, image: "fate/evicted:1", failure: "Evicted"),
            Fate(build: 11, image: "fate/unknown:1", failure: "Failed to create pod. Pod status is: unknown"),
            Fate(build: 12, image: "fate/refuse-2:1", hostname: node),
            Fate(build: 13, image: "fate/refuse-always:1", failure: "after 5 retries", pods: 0),
            Fate(build: 14, image: "fate/quota-2:1", hostname: node),
            Fate(build: 15, image: "fate/quota:1", failure: "exceeded quota", pods: 0),
            Fate(build: 16, image: "fate/invalid:1", failure: "The cluster rejected its pod", pods: 0),
            Fate(build: 17, image: "fate/forbidden:1", failure: "cannot create resource", pods: 0),
            Fate(build: 18, image: "fate/no-namespace:1", failure: "not found", pods: 0),
            Fate(build: 19, image: "fate/reset-after:1", hostname: node),
            Fate(build: 20, image: "fate/reset-before:1", hostname: node),
            Fate(build: 21, image: "fate/hang-after:1", hostname: node),
            Fate(build: 22, image: "fate/stuck-pending:1", failure: "Insufficient cpu"),
            Fate(build: 23, image: "fate/stuck-initializing:1", failure: "still pending after"),
            Fate(build: 24, image: "fate/short:1", end: "SUCCESS"),
            Fate(build: 25, image: "fate/short-unstable:1", end: "UNSTABLE"),
            Fate(build: 26, image: "fate/short-failure:1", end: "FAILURE"),
            Fate(build: 27, image: "fate/short-aborted:1", end: "ABORTED"),
        ]

        @Test(arguments: Stage.Layout.allCases)
        func everyBuildMeetsItsFate(layout: Stage.Layout) async throws {
            let stage = try await Stage.set(layout)
            defer { stage.clear() }
            // One of them hangs.
            let worker = try stage.startWorker(["run"], ["CIRCUIT_TIMEOUT": "3000"])
            try await worker.waitUntilConsuming()
            for fate in Self.fates { try await stage.publish(stage.start(fate.build, image: fate.image)) }
            try await eventually("every build meets its fate") {
                let state = try await stage.simulator.state()
                return Self.fates.allSatisfy { self.isMet($0, state) }
            }
            // Running builds still have their timer; when it fires they are verified and nothing is left.
            try await eventually("timers have fired and nothing is left") {
                let timers = try stage.broker.depth(stage.queues.initTimers) ?? 0
                return try timers == 0 && stage.isSettled()
            }
            let code = try await worker.terminate()
            #expect(code == 0)
            try await eventually("nobody holds any") { try await stage.broker.unacked(prefix: stage.queues.build) == 0 }
            let state = try await stage.simulator.state()
            for fate in Self.fates { self.check(fate, state) }
            try LogCheck.holds(worker)
        }

        private func isMet(_ fate: Fate, _ state: Simulator.State) -> Bool {
            guard state.pods(fate.build).count >= fate.pods else { return false }
            if fate.failure != nil { return state.status(fate.build) == "FAILURE" }
            if let end = fate.end { return state.status(fate.build) == end }
            return fate.hostname == nil || state.hostname(fate.build) == fate.hostname
        }

        private func check(_ fate: Fate, _ state: Simulator.State) {
            let build: Comment =
                "build \(fate.build) (\(fate.image)): \(state.status(fate.build) ?? "-") \(state.message(fate.build))"
            #expect(state.pods(fate.build).count == fate.pods, build)
            if let failure = fate.failure {
                #expect(state.status(fate.build) == "FAILURE", build)
                #expect(state.message(fate.build).contains(failure), build)
                #expect(state.updates(fate.build).count { $0["status"]?.string == "FAILURE" } == 1, "failed once")
            } else {
                #expect(state.status(fate.build) == fate.end ?? "RUNNING", build)
                // Of a build that ends so soon the API may have been told its node or not.
                if fate.end == nil { #expect(state.hostname(fate.build) == fate.hostname, build) }
            }
        }

        /// As most builds: over, and stopped by the controller, before the init timer fires. That finds no pod, and an API that refuses
        /// whatever it is asked: nothing is wrong.
        @Test(arguments: ["short", "short-unstable", "short-failure", "short-aborted"])
        func aShortBuildIsOverBeforeItsTimerFires(fate: String) async throws {
            let stage = try await Stage.set(initTimeout: .seconds(3))
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/\(fate):1"))
            try await eventually("the build has ended, and its pod is gone") {
                try await stage.publishStops()
                let state = try await stage.simulator.state()
                return state.pods(1).count == 1 && state.alivePods(1).isEmpty
            }
            try await eventually("its timer has fired and nothing is left") {
                try worker.hasLogged("jobType: verify, buildId: 1, result:") && stage.isSettled()
                    && stage.depth(\.initTimers) == 0
            }
            let failures = try await stage.simulator.requests().filter {
                $0[path: "body", "status"]?.string == "FAILURE"
            }
            #expect(failures.isEmpty, "it ended well, and is not failed")
            #expect(try await worker.status()["reports"]?.array?.isEmpty == true, "there is nothing to report")
            try await worker.terminate()
        }

        /// The message comes again when the build is over: a controller that lost its confirm, or a broker that hands it out again.
        @Test func aStartOfABuildThatIsOverLeavesNoPod() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(1))
            defer { stage.clear() }
            try await stage.publish(stage.start(1, image: "fate/short:1"))
            let first = try stage.startWorker()
            try await eventually("the build is over and its pod is gone") {
                try await stage.publishStops()
                let state = try await stage.simulator.state()
                return try state.pods(1).count == 1 && state.alivePods(1).isEmpty && stage.isSettled()
                    && stage.depth(\.initTimers) == 0
            }
            try await first.terminate()
            // Another worker, which has not seen the stop.
            let second = try stage.startWorker()
            try await second.waitUntilConsuming()
            try await stage.simulator.fault([
                "listener": "kubernetes", "method": "POST", "times": 1, "action": ["status": 503],
            ])
            try await stage.publish(stage.start(1, image: "fate/short:1"))
            try await eventually("nothing is left") {
                try await stage.publishStops()
                return try second.hasLogged("acknowledge, job completed for jobId: 1000001, jobType: start")
                    && stage.isSettled() && stage.depth(\.initTimers) == 0
            }
            try await eventually("no pod is left") { try await stage.simulator.state().alivePods(1).isEmpty }
            #expect(try await stage.simulator.state().status(1) == "SUCCESS")
            #expect(
                try await stage.simulator.requests().filter { $0[path: "body", "status"]?.string == "FAILURE" }.isEmpty)
            try await second.terminate()
        }

        @Test func aQuestionLeavesTheBuildsMessage() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/stuck-pending:1"))
            try await eventually("the build is told to be delayed") {
                try await stage.simulator.state().message(1).contains("Build initialization delayed")
            }
            // A start that is repeated asks whether the build has ended.
            try await stage.simulator.fault([
                "listener": "kubernetes", "method": "POST", "times": 1, "action": ["status": 503],
            ])
            try await stage.publish(stage.start(1, image: "fate/stuck-pending:1"))
            try await eventually("the start is acknowledged") {
                try worker.messages().count {
                    $0.contains("acknowledge, job completed for jobId: 1000001, jobType: start")
                } == 2
            }
            #expect(try await stage.simulator.state().document[path: "builds", "1", "erasedMessage"] == nil)
            try await worker.terminate()
        }

        @Test func aPendingBuildIsToldToBeDelayedAndGetsItsTime() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/stuck-pending:1"))
            try await eventually("the build is told to be delayed") {
                try await stage.simulator.state().message(1).contains("Build initialization delayed")
            }
            let pod = try #require(try await stage.simulator.state().pods(1).first?["name"]?.string)
            try await stage.simulator.setFate(of: pod, "running")
            try await eventually("it runs after all") { try await stage.simulator.state().hostname(1) == Self.node }
            try await eventually("nothing is left") { try stage.isSettled() && stage.depth(\.initTimers) == 0 }
            #expect(try await stage.simulator.state().status(1) != "FAILURE")
            try await worker.terminate()
        }

        @Test func theImagePullStartsOnce() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], Stage.looking())
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("start and verify have told the node") {
                try await stage.simulator.state().updates(1).count { $0["stats"] != nil } >= 2
            }
            let times = Set(
                try await stage.simulator.state().updates(1).compactMap {
                    $0[path: "stats", "imagePullStartTime"]?.string
                })
            #expect(times.count == 1, "\(times)")
            try await worker.terminate()
        }

        @Test(arguments: [true, false])
        func stopRemovesThePods(isMinimal: Bool) async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], Stage.looking())
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/stuck-pending:1"))
            try await eventually("the start is acknowledged") {
                try worker.hasLogged("acknowledge, job completed for jobId: 1000001, jobType: start")
            }
            #expect(try await stage.simulator.state().alivePods(1).count == 1)
            try await stage.simulator.setBuild(1, status: "ABORTED")
            var stop = stage.start(1, image: "fate/stuck-pending:1")
            stop["job"] = "stop"
            try await stage.publish(isMinimal ? stage.stop(1) : stop)
            try await eventually("the pod is gone") { try await stage.simulator.state().alivePods(1).isEmpty }
            try await eventually("its timer found it ended") { try stage.isSettled() && stage.depth(\.initTimers) == 0 }
            #expect(try await stage.simulator.state().status(1) == "ABORTED")
            try await worker.terminate()
        }

        @Test func aStartAfterItsStopDoesNothing() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.stop(1))
            try await eventually("the stop is done") { try worker.hasLogged("jobType: stop, buildId: 1, result: true") }
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the start is acknowledged") {
                try worker.hasLogged("acknowledge, job completed for jobId: 1000001, jobType: start")
            }
            #expect(try await stage.simulator.state().podsCreated == 0)
            try await worker.terminate()
        }

        @Test func aFailureIsToldUntilTheAPITakesIt() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            // 3 attempts a delivery: two deliveries fail, the third succeeds.
            try await stage.simulator.fault(["listener": "api", "method": "PUT", "times": 7, "action": ["status": 503]])
            let worker = try stage.startWorker(
                ["run"], ["REQUEST_MAXATTEMPTS": "3", "RABBITMQ_MSG_REPROCESS_LIMIT": "0"])
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/refuse-always:1"))
            try await eventually("the API has the FAILURE") { try await stage.simulator.state().status(1) == "FAILURE" }
            try await eventually("nothing is left") { try stage.isSettled() }
            // Each time everything is looked at anew, and the cause that is told is the real one.
            #expect(try await stage.simulator.state().message(1).contains("500"))
            #expect(try !worker.hasLogged("retrying "), "no attempt is charged for it")
            #expect(try worker.hasLogged("postponed without an attempt"))
            #expect(try await stage.simulator.state().podsCreated == 0)
            try await worker.terminate()
        }

        @Test func aNoteThatTheAPIRefusesHoldsNothingUp() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            try await stage.simulator.fault(["listener": "api", "method": "PUT", "action": ["status": 500]])
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the build is acknowledged all the same") {
                try worker.hasLogged("acknowledge, job completed for jobId: 1000001, jobType: start")
            }
            let requests = try await stage.simulator.requests()
            // Five attempts by the delivery, and then one by the spool, which may have been made already.
            #expect((5...6).contains(requests.count { $0["method"]?.string == "PUT" && $0["body"] != ["stats": [:]] }))
            #expect(try stage.depth(\.initTimers) == 1, "the timer was held before")
            #expect(try await stage.simulator.state().podsCreated == 1)
            try await worker.terminate()
        }

        @Test func aFinalRefusalOfTheFailureEndsIt() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            try await stage.simulator.fault(["listener": "api", "method": "PUT", "action": ["status": 403]])
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/invalid:1"))
            try await eventually("the refusal is logged") { try worker.hasLogged(event: "failure_refused") }
            try await eventually("nothing is left") { try stage.isSettled() }
            let failures = try await stage.simulator.requests().count {
                $0[path: "body", "status"]?.string == "FAILURE"
            }
            #expect(failures == 1, "a 4xx is never repeated")
            try await worker.terminate()
        }

        @Test(arguments: [true, false])
        func aPodThatDisappears(isFailed: Bool) async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the pod is there") { try await stage.simulator.state().alivePods(1).count == 1 }
            let pod = try #require(try await stage.simulator.state().alivePods(1).first?["name"]?.string)
            if !isFailed { try await stage.simulator.setBuild(1, status: "ABORTED") }
            try await stage.simulator.deletePod(pod)
            try await eventually("its timer fired and nothing is left") {
                try stage.isSettled() && stage.depth(\.initTimers) == 0
                    && worker.hasLogged("jobType: verify, buildId: 1, result:") == true
                    || (try worker.hasLogged("max retries exceeded"))
            }
            try await eventually("the verdict is told") {
                let state = try await stage.simulator.state()
                return state.status(1) == (isFailed ? "FAILURE" : "ABORTED")
            }
            if isFailed { #expect(try await stage.simulator.state().message(1).contains("its pod is gone")) }
            try await worker.terminate()
        }

        @Test func aVerificationThatCannotAskTheClusterIsTriedAgain() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/bad-image:1"))
            try await stage.simulator.fault([
                "listener": "kubernetes", "method": "GET", "times": 2, "action": ["status": 500],
            ])
            try await eventually("the verdict comes all the same") {
                try await stage.simulator.state().status(1) == "FAILURE"
            }
            #expect(try await stage.simulator.state().message(1).contains("Please check if your image is valid."))
            try await worker.terminate()
        }

        /// While both are at work a start that is delivered twice may have made two pods, of which one is the original's.
        @Test func aStopDeletesWhatTheOriginalMadeBesideOurs() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("ours runs") { try await stage.simulator.state().hostname(1) != nil }
            let build = try #require(
                try BuildMessage(decoding: stage.start(1, image: "fate/running:1").serialized()).build)
            var pod = try PodManifest(build: build, options: KubernetesOptions(), ecosystem: EcosystemOptions())
                .document
            pod["metadata"]?["name"] = "1-0r1g1"
            let request = HTTPRequest(
                method: "POST", url: "\(stage.simulator.kubernetes)/api/v1/namespaces/\(stage.namespace)/pods",
                bearer: Secret(stage.clusterToken),
                body: pod.serialized())
            #expect(try await HTTPTransport().send(request, deadline: .seconds(20)).status == 201)
            #expect(try await stage.simulator.state().alivePods(1).count == 2)
            try await stage.publish(stage.stop(1))
            try await eventually("both are gone") { try await stage.simulator.state().alivePods(1).isEmpty }
            try await worker.terminate()
        }

        @Test func unknownFieldsArePassedOn() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the timer is held") { try stage.depth(\.initTimers) == 1 }
            try await worker.terminate()
            let timer = try #require(try await stage.take(1, from: stage.queues.initTimers).first)
            let message = try JSONValue(parsing: timer.body)
            var expected = stage.start(1, image: "fate/running:1")
            expected["job"] = "verify"
            #expect(message == expected)
            #expect(timer.properties.headers["x-init-round"]?.integer == 1)
            #expect(timer.properties.headers["x-death"] == nil)
            #expect(timer.properties.contentType == "application/json")
            #expect(timer.properties.type == "verify")
            #expect(timer.properties.isPersistent)
        }

        /// The look at a new pod is left out where it could only show what the answer to the pod's creation has shown already.
        @Test(arguments: [true, false]) func theOriginalsRequestsAreMade(looks: Bool) async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], looks ? Stage.looking() : [:])
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("start and verify are over") {
                try worker.hasLogged("jobType: verify, buildId: 1, result:")
            }
            try await stage.publish(stage.stop(1))
            try await eventually("and the stop") { try worker.hasLogged("jobType: stop, buildId: 1, result:") }
            let pod = PodName.of(BuildID(rawValue: 1), prefix: "")
            let pods = "/api/v1/namespaces/\(stage.namespace)/pods"
            let requests = try await stage.simulator.requests().map {
                "\($0["method"]?.string ?? "") \($0["path"]?.string ?? "")"
            }
            // A verification and a stop may name the pod, or ask by its label.
            let forms = ["\(pods)/\(pod)", "\(pods)/\(pod)/status", "\(pods)?labelSelector=sdbuild%3D1"]
            let begun = ["POST \(pods)"] + (looks ? ["GET \(pods)/\(pod)/status"] : []) + ["PUT /v4/builds/1"]
            #expect(requests.prefix(begun.count) == begun[...])
            let rest = Array(requests.dropFirst(begun.count))
            try #require(rest.count >= 3)
            #expect(
                forms.contains { rest[0] == "GET \($0)" } && rest[1] == "PUT /v4/builds/1"
                    && forms.contains { rest[2] == "DELETE \($0)" }, "\(rest)")
            #expect(
                rest.dropFirst(3).allSatisfy { $0.hasPrefix("GET \(pods)") || $0.hasPrefix("DELETE \(pods)") },
                "what is left over goes too: \(rest)")
            try await worker.terminate()
        }
    }
}
