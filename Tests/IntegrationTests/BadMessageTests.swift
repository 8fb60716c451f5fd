import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Support

extension Integration {
    @Suite(.simulatedClusterOnly("messages and parking")) struct BadMessageTests {
        /// By name: what arrives, and the reason it is parked with.
        static let bad: [(name: String, body: [UInt8], reason: String)] = [
            (
                "malformed", Array(#"{"job":"start","buildConfig":{"token":"made-up-build-token-4f1c""#.utf8),
                "malformed-json"
            ),
            ("no buildConfig", Array(#"{"job":"start"}"#.utf8), "missing-field"),
            ("unknown job", Array(#"{"job":"dance","buildConfig":{"buildId":1}}"#.utf8), "unknown-job"),
            ("empty", [], "empty-body"),
            ("not an object", Array("[1,2]".utf8), "not-an-object"),
            ("not UTF-8", Array(#"{"job":"st"#.utf8) + [0xFF, 0xFE] + Array(#""}"#.utf8), "malformed-json"),
            ("nested absurdly", Array(repeating: UInt8(ascii: "["), count: 100_000), "malformed-json"),
            (
                "an id that overflows",
                Array(#"{"job":"stop","buildConfig":{"buildId":99999999999999999999999}}"#.utf8), "invalid-field"
            ),
            ("10 MB", Array(repeating: UInt8(ascii: "x"), count: 10 << 20), "too-large"),
            (
                "a job id without end",
                Array(
                    #"{"job":"start","buildConfig":{"buildId":1,"container":"a","apiUri":"http://b","token":"c","jobId":""#
                        .utf8)
                    + Array(repeating: UInt8(ascii: "7"), count: 500_000) + Array(#""}}"#.utf8), "invalid-field"
            ),
            (
                "a path that climbs out",
                Array(
                    #"{"job":"clear","cacheConfig":{"resource":"caches","action":"delete","scope":"pipelines","pipelineId":"../../etc","id":1}}"#
                        .utf8), "invalid-field"
            ),
        ]

        /// Every type that AMQP knows, and no `x-death`.
        static let oddHeaders: AMQPTable = [
            "void": .void, "bool": true, "i8": .int8(-8), "u8": .uint8(8), "i16": .int16(-16), "u16": .uint16(16),
            "i32": .int32(-32), "u32": .uint32(32),
            "i64": .int64(-64), "f32": .float(1.5), "f64": .double(2.5), "decimal": .decimal(scale: 2, value: 314),
            "text": "text",
            "bytes": .bytes([0, 255]), "time": .timestamp(1_700_000_000),
            "array": .array([.int32(1), "two", .table(["three": .int32(3)])]),
            "table": .table(["nested": .table(["deep": true])]),
        ]

        @Test func unreadableMessagesAreParkedAsTheyAre() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            for message in Self.bad { try await stage.publish(message.body, headers: Self.oddHeaders) }
            try await stage.publish(stage.start(1, image: "fate/running:1"), headers: Self.oddHeaders)
            try await eventually("all are parked, and the good one is not harmed") {
                try await stage.simulator.state().hostname(1) != nil && stage.depth(\.parked) == Self.bad.count
            }
            let parked = try await stage.take(Self.bad.count, from: stage.queues.parked)
            for message in Self.bad {
                let delivery = try #require(parked.first { $0.body == message.body }, "\(message.name) is not parked")
                let headers = delivery.properties.headers
                #expect(headers["x-parked-reason"]?.text == message.reason, "\(message.name)")
                #expect(headers["x-parked-from"]?.text == stage.queues.build)
                for field in Self.oddHeaders.fields {
                    #expect(headers[field.name] == field.value, "header \(field.name) of \(message.name)")
                }
            }
            #expect(worker.child.isRunning)
            try await worker.terminate()
            try LogCheck.holds(worker)
        }

        /// 150 MB at once. Twenty messages of 20 MB ended every worker of 256 MiB at its start, before it knew anything of them.
        @Test func largeMessagesAreParkedOneAfterAnother() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let count = 5
            for number in 0..<count {
                try await stage.publish([UInt8(number)] + Array(repeating: UInt8(ascii: "x"), count: 30 << 20))
            }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("all are parked, and the good one is not harmed", within: .seconds(240)) {
                try await stage.simulator.state().hostname(1) != nil && stage.depth(\.parked) == count
            }
            let peak = try #require(Self.peakMemory(worker))
            #expect(peak < 160 << 10, "\(peak) KiB")
            for words in ["not connected to RabbitMQ", "handled alone"] {
                #expect(try !worker.hasLogged(words), "\(words)")
            }
            #expect(try worker.log().allSatisfy { ($0["error"]?.string?.utf8.count ?? 0) < 1000 })
            try await worker.terminate()
        }

        /// KiB.
        private static func peakMemory(_ worker: WorkerProcess) -> Int? {
            let status = FileManager.default.contents(atPath: "/proc/\(worker.child.pid)/status").map {
                String(decoding: $0, as: UTF8.self)
            }
            return status?.firstMatch(of: /VmHWM:\s+(\d+) kB/).flatMap { Int($0.output.1) }
        }

        /// What cannot even be kept for as long as parking takes leaves its size and its hash.
        @Test func ofTheLargestOnlyTheHashIsParked() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            let body = Array(repeating: UInt8(ascii: "x"), count: BodyBudget.largestParked + 1)
            try await stage.publish(body, headers: ["mine": "kept"])
            try await eventually("it is parked") { try stage.depth(\.parked) == 1 && stage.isSettled() }
            let parked = try #require(try await stage.take(1, from: stage.queues.parked).first)
            #expect(parked.body.isEmpty)
            #expect(parked.properties.headers["x-parked-reason"]?.text == "too-large")
            #expect(parked.properties.headers["mine"]?.text == "kept")
            let detail = parked.properties.headers["x-parked-detail"]?.text ?? ""
            #expect(detail.contains("it has \(body.count) bytes") && detail.contains(Fingerprint.of(body)), "\(detail)")
            try await worker.terminate()
        }

        /// Anybody may write that a message was parked as poison: that is believed of what can be read, whose build is told then.
        @Test(
            arguments: [
                (unreadable: #"{"job":"start","buildConfig":{"buildId":1"#, reason: "malformed-json"),
                (unreadable: #"{"job":"dance","buildConfig":{"buildId":1}}"#, reason: "unknown-job"),
                (unreadable: nil, reason: nil),
            ] as [(unreadable: String?, reason: String?)])
        func whoeverSaysThatItIsParkedLosesNothing(unreadable: String?, reason: String?) async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            let body = unreadable.map { Array($0.utf8) } ?? stage.start(1, image: "fate/running:1").serialized()
            try await stage.publish(body, headers: [Header.poisonCrashes: .int64(3)])
            if let reason {
                try await eventually("it is parked") { try stage.depth(\.parked) == 1 && stage.isSettled() }
                let parked = try #require(try await stage.take(1, from: stage.queues.parked).first)
                #expect(parked.body == body)
                #expect(parked.properties.headers[Header.parkedReason]?.text == reason)
            } else {
                try await eventually("its build is told") {
                    try await stage.simulator.state().status(1) == "FAILURE" && stage.isSettled()
                }
            }
            try await worker.terminate()
        }

        @Test func headersThatNestTooDeepAreParkedUnread() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            let deep = (0..<40).reduce(AMQPValue.array([])) { value, _ in .array([value]) }
            try await stage.publish(stage.start(1, image: "fate/running:1"), headers: ["deep": deep])
            try await stage.publish(stage.start(2, image: "fate/running:1"))
            try await eventually("it is parked, and the next one started") {
                try await stage.simulator.state().hostname(2) != nil && stage.depth(\.parked) == 1
            }
            let parked = try #require(try await stage.take(1, from: stage.queues.parked).first)
            #expect(parked.properties.headers["x-parked-reason"]?.text == "unread-headers")
            #expect(parked.body == stage.start(1, image: "fate/running:1").serialized())
            try await worker.terminate()
        }

        /// A client's count is no reason to let everything else wait.
        @Test func aClientsDeliveryCountMakesNoSuspect() async throws {
            let stage = try await Stage.set(.classic)
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"), headers: ["x-delivery-count": .int64(2)])
            try await eventually("it is started") { try await stage.simulator.state().hostname(1) != nil }
            #expect(try !worker.hasLogged("handled alone"))
            try await worker.terminate()
        }

        /// The broker would route copies back here, each of which would be parked with copies of its own.
        @Test func copiesThatAMessageAsksForAreNotMade() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            let copies: AMQPValue = .array([.text(stage.queues.build), .text(stage.queues.retry)])
            try await stage.publish(
                Array("rubbish".utf8), headers: ["CC": .array([.text(stage.queues.retry)]), "BCC": copies])
            try await eventually("the message and the copies that the publisher asked for are parked, once") {
                // The build queue's own, and one in the retry queue: the broker makes one copy a queue.
                try stage.depth(\.parked) == 2 && stage.isSettled()
            }
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("and nothing goes round") { try await stage.simulator.state().hostname(1) != nil }
            #expect(try stage.depth(\.parked) == 2)
            try await worker.terminate()
        }

        /// Dead-lettering adds to headers until they no longer fit the frame that was agreed on.
        @Test func headersThatGrowBeyondAFrameTakeNobodyDown() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.broker.publishRaw(
                stage.start(1, image: "fate/refuse-2:1").serialized(), headerBytes: 130_700, to: stage.queues)
            try await stage.publish(stage.start(2, image: "fate/running:1"))
            try await eventually("both are started") {
                let state = try await stage.simulator.state()
                return state.hostname(1) != nil && state.hostname(2) != nil
            }
            #expect(try !worker.hasLogged(event: "rabbitmq_disconnected"))
            try await worker.terminate()
        }

        @Test func whatCannotBeParkedWholeIsParkedWithoutItsHeaders() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.broker.publishRaw(Array("rubbish".utf8), headerBytes: 130_700, to: stage.queues)
            try await eventually("it is parked") { try stage.depth(\.parked) == 1 && stage.isSettled() }
            let parked = try #require(try await stage.take(1, from: stage.queues.parked).first)
            #expect(parked.body == Array("rubbish".utf8))
            #expect(parked.properties.headers["x-parked-reason"]?.text == "malformed-json")
            #expect(try !worker.hasLogged(event: "rabbitmq_disconnected"))
            try await worker.terminate()
        }

        @Test func whereNothingParksThemTheyAreAcknowledgedAndNamed() async throws {
            let stage = try await Stage.set(.upstream)
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            for message in Self.bad { try await stage.publish(message.body) }
            try await eventually("each is logged with hash and size") {
                let lines = try worker.log().filter {
                    $0["message"]?.string?.hasPrefix("unreadable message dropped") == true
                }
                return Set(lines.compactMap { $0["hash"]?.scalarText }).count == Self.bad.count
                    && lines.allSatisfy { $0["bytes"]?.integer != nil }
            }
            try await eventually("and gone") { try stage.isSettled() }
            try await worker.terminate()
            try LogCheck.holds(worker)
        }

        @Test func deathsOfStrangersAreNotAttempts() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            let strange: AMQPValue = .array([
                .table(["queue": "elsewhere", "reason": "rejected", "count": .int64(99)]),
                .table(["queue": .text(stage.queues.build), "reason": "expired", "count": .int64(99)]),
            ])
            try await stage.publish(stage.start(1, image: "fate/refuse-1:1"), headers: ["x-death": strange])
            try await eventually("it is retried, not failed") { try await stage.simulator.state().hostname(1) != nil }
            #expect(try await stage.simulator.state().status(1) != "FAILURE")
            try await worker.terminate()
        }

        /// Made by a client, or by a queue of that name before: an entry of our queue with another reason than `rejected`.
        ///
        /// RabbitMQ 3.10.8, tried with every reason: the message comes to us; after one NACK it goes to the wait queue, whose time runs out, and
        /// there it stays (`messages_dlx` 1, `messages_ready` 0, nobody gets it). Its own entry of the rejection goes behind the client's, the first
        /// entry of the queue decides, and the log says `Dead-letter queues cycle detected`. That there is one with `rejected` too does not help,
        /// nor does a count of 0. Where an entry of another queue with `rejected` comes first, it comes back. Entries of the wait queue do no harm.
        @Test(arguments: [["expired"], ["maxlen"], ["rejected", "expired"], ["Rejected"]])
        func deathsThatLookLikeACycleAreNotRejected(reasons: [String]) async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            let deaths = reasons.map {
                AMQPValue.table(["queue": .text(stage.queues.build), "reason": .text($0), "count": .int64(1)])
            }
            try await stage.publish(stage.start(1, image: "fate/refuse-1:1"), headers: ["x-death": .array(deaths)])
            try await eventually("it comes back, and is started") {
                try await stage.simulator.state().hostname(1) != nil
            }
            #expect(try worker.hasLogged("republished instead of rejected"))
            let attempts = reasons.count { $0 == "rejected" } + 1
            #expect(try worker.hasLogged("retrying \(attempts)("), "the attempt is counted")
            #expect(try stage.isSettled() && stage.depth(\.parked) == 0)
            try await worker.terminate()
        }

        /// RabbitMQ 3.10.8 loses its dead-lettering, for all queues of the node, to one rejected message with such a header.
        @Test(arguments: [
            AMQPValue.array(["rubbish"]), .array([.table(["count": "many"])]), "text",
            .array([.table(["queue": "q", "reason": "rejected", "count": "1"])]),
        ])
        func aDeathHistoryThatIsNoneNeverReachesTheBrokerAgain(header: AMQPValue) async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/refuse-always:1"), headers: ["x-death": header])
            try await eventually("it is parked") { try stage.depth(\.parked) == 1 }
            let parked = try #require(try await stage.take(1, from: stage.queues.parked).first)
            #expect(parked.properties.headers["x-parked-reason"]?.text == "malformed-x-death")
            #expect(parked.properties.headers["x-malformed-x-death"] == header)
            #expect(parked.properties.headers["x-death"] == nil)
            // Others are still dead-lettered.
            try await stage.publish(stage.start(2, image: "fate/refuse-1:1"))
            try await eventually("the next is retried") { try await stage.simulator.state().hostname(2) != nil }
            try await worker.terminate()
        }
    }
}
