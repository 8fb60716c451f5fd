import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration {
    /// Whatever bytes a server answers with, the worker lives, and each build gets its one pod.
    @Suite(.simulatedClusterOnly("the bytes are the simulator's")) struct RubbishTests {
        static let legal = ["trailers", "interim", "no-space", "slow-bytes"]
        /// The answers are cut before and in their first line, in their headers, and in their bodies.
        static let broken = [
            "half-headers", "ssh", "http2-frames", "wrong-length", "bad-chunk", "huge-header", "endless", "gzip-bomb",
            "cut 0", "cut 12", "cut 40", "cut 120",
        ]

        /// A proxy before the build API adds trailers to every answer: HTTP that is legal, and once killed each worker that met it.
        @Test func aBuildAPIWithTrailersRestartsNobody() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            try await stage.simulator.fault(["listener": "api", "action": ["raw": "trailers"]])
            for build in 1...3 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            let spool = Surroundings.directory.appendingPathComponent(Surroundings.newName("spool")).path
            var isParked = false
            let runs = try await stage.keepRunning(spool: { spool }) {
                isParked = try stage.depth(\.parked) > 0
                let state = try await stage.simulator.state()
                let haveBegun = (1...3).allSatisfy { state.hostname($0) != nil }
                // Each is looked for once, when its timer has fired.
                let areVerified = try await stage.simulator.requests().count { $0["method"]?.string == "GET" } >= 3
                return try isParked || haveBegun && areVerified && stage.isSettled() && stage.depth(\.initTimers) == 0
            }
            var codes: [Int32] = []
            for run in runs.dropLast() { codes.append(try await run.child.waitForExit()) }
            #expect(codes == [], "the worker was started again")
            #expect(!isParked, "a healthy build is taken for poison")
            let state = try await stage.simulator.state()
            #expect(state.podsCreated == 3)
            for build in 1...3 {
                #expect(state.pods(build).count == 1, "build \(build)")
                #expect(state.status(build) != "FAILURE", "build \(build): \(state.message(build))")
            }
            #expect(try await runs.last?.terminate() == 0)
        }

        /// They cost nothing, not even a second attempt.
        @Test(arguments: legal) func anUnusualAnswerIsTaken(kind: String) async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            for listener in ["kubernetes", "api"] {
                try await stage.simulator.fault(["listener": .string(listener), "action": ["raw": .string(kind)]])
            }
            let worker = try stage.startWorker(["run"], Stage.looking())
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await self.wait("the build is verified", worker) {
                try worker.hasLogged("jobType: verify, buildId: 1, result:")
            }
            let methods = try await stage.simulator.requests().compactMap { $0["method"]?.string }
            #expect(methods == ["POST", "GET", "PUT", "GET", "PUT"])
            #expect(try await stage.simulator.state().status(1) != "FAILURE")
            try await worker.terminate()
        }

        /// The first two requests of a build to one of the APIs, before or after their effect.
        @Test(arguments: broken) func aBrokenAnswerCostsAnAttempt(kind: String) async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], Stage.looking(["CIRCUIT_TIMEOUT": "5000"]))
            let words = kind.split(separator: " ").map(String.init)
            var action: JSONValue = ["raw": .string(words[0])]
            if words.count > 1 { action["at"] = .number(words[1]) }
            let cases = [("kubernetes", false), ("kubernetes", true), ("api", false), ("api", true), ("api", false)]
            for (build, (listener, after)) in zip(1..., cases) {
                action["after"] = .bool(after)
                try await stage.simulator.fault([
                    "listener": .string(listener), "build": .number(String(build)), "times": 2, "action": action,
                ])
                // What a healthy build's node is comes later, where the API does not take it at once; a FAILURE holds the message.
                try await stage.publish(stage.start(build, image: build == 5 ? "fate/failed:1" : "fate/running:1"))
            }
            try await self.wait("four builds have their timers, and the fifth is told to have failed", worker) {
                try await stage.simulator.state().status(5) == "FAILURE" && stage.depth(\.initTimers) >= 4
                    && stage.isSettled()
            }
            let state = try await stage.simulator.state()
            for build in 1...5 { #expect(state.pods(build).count == 1, "build \(build)") }
            for build in 1...4 { #expect(state.status(build) != "FAILURE", "build \(build): \(state.message(build))") }
            #expect(try stage.depth(\.parked) == 0)
            try await worker.terminate()
        }

        /// Ends at once where the worker has.
        private func wait(_ what: String, _ worker: WorkerProcess, _ condition: () async throws -> Bool) async throws {
            try await eventually(what) {
                if !worker.child.isRunning {
                    throw NotInTime(description: "the worker ended by itself: \(try await worker.child.waitForExit())")
                }
                return try await condition()
            }
        }
    }
}
