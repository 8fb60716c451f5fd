import Foundation
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker

extension Integration {
    /// Messages say whom their build is told to: nobody's else matter.
    @Suite struct BuildAPIHostTests {
        /// Takes connections, by its system, and says nothing.
        private final class SilentServer: Sendable {
            private let descriptor: Int32
            let url: String

            init() throws {
                let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
                self.descriptor = descriptor
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                let isListening = withUnsafeMutablePointer(to: &address) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        bind(descriptor, $0, length) == 0 && listen(descriptor, 128) == 0
                            && getsockname(descriptor, $0, &length) == 0
                    }
                }
                try #require(isListening)
                self.url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
            }

            deinit { close(self.descriptor) }

            var wasCalled: Bool {
                let connection = accept(self.descriptor, nil, nil)
                if connection >= 0 { close(connection) }
                return connection >= 0
            }
        }

        @Test(arguments: [true, false])
        func deadOnesHoldNobodyElseUp(isSilent: Bool) async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let silent = try SilentServer()
            // 25 of them, more than may be in flight; a request to nobody lasts 40 s.
            let worker = try stage.startWorker(["run"], ["CIRCUIT_TIMEOUT": "40000", "LOG_LEVEL": "info"])
            try await worker.waitUntilConsuming()
            let apiURI = isSilent ? silent.url : "http://127.0.0.1:1"
            for build in 1...25 { try await stage.publish(stage.start(build, image: "fate/invalid:1", apiURI: apiURI)) }
            try await eventually("all are in flight") {
                try worker.messages().count { $0.hasPrefix("processing ") } >= 20
            }
            for build in 101...105 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("others are started at once", within: .seconds(20)) {
                let state = try await stage.simulator.state()
                return (101...105).allSatisfy { state.pods($0).count == 1 }
            }
            try await eventually("health says whose builds wait", within: .seconds(90)) {
                let ready = try await worker.get("/readyz")
                return ready.status == 200 && ready.text.contains("the build API at \(apiURI.dropFirst(7)) has failed")
            }
            #expect(try await worker.metrics()["build_worker_build_api_hosts_failing"] == 1)
            #expect(try await stage.simulator.state().podsCreated == 5)
            _ = try await worker.terminate()
        }

        /// Though the worker's own answers all the while.
        @Test func aDeadOneIsNotWaitedForForever() async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["ECOSYSTEM_API_PATIENCE": "0.1"])
            try await worker.waitUntilConsuming()
            for build in 1...3 {
                try await stage.publish(stage.start(build, image: "fate/invalid:1", apiURI: "http://127.0.0.1:1"))
            }
            try await stage.publish(stage.start(4, image: "fate/invalid:1"))
            try await eventually("they are parked", within: .seconds(60)) {
                try stage.depth(\.parked) == 3 && stage.isSettled()
            }
            #expect(try await stage.simulator.state().status(4) == "FAILURE")
            let listed = try await WorkerProcess.run(["parked", "list"], environment: stage.environment())
            #expect(listed.output.components(separatedBy: "owed").count > 3, "\(listed)")
            _ = try await worker.terminate()
        }

        @Test(
            arguments: [
                ("http://169.254.169.254", ""), ("http://0xA9FEA9FE/latest", ""),
                (nil, "api.builds.test,*.example.com"),
            ] as [(String?, String)])
        func nothingIsSentToWhoIsNotAdmitted(apiURI: String?, admitted: String) async throws {
            let stage = try await Stage.set(initTimeout: .seconds(300))
            defer { stage.clear() }
            let silent = try SilentServer()
            let worker = try stage.startWorker(["run"], ["ECOSYSTEM_API_HOSTS": admitted])
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/invalid:1", apiURI: apiURI ?? silent.url))
            // The worker's own is admitted, listed or not.
            try await stage.publish(stage.start(2, image: "fate/invalid:1"))
            try await eventually("one is parked, the other told") {
                let isTold = try await stage.simulator.state().status(2) == "FAILURE"
                return try isTold && stage.depth(\.parked) == 1 && stage.isSettled()
            }
            let listed = try await WorkerProcess.run(["parked", "list"], environment: stage.environment())
            let reason = apiURI == nil ? "its host is none of ECOSYSTEM_API_HOSTS" : "its host is a link-local address"
            #expect(
                listed.output.contains("invalid-field") && listed.output.contains("buildConfig.apiUri: \(reason)"),
                "\(listed)")
            #expect(!silent.wasCalled)
            #expect(try await stage.simulator.state().pods(1).isEmpty)
            _ = try await worker.terminate()
        }
    }
}
