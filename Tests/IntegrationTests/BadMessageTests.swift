import Foundation
import TestSupport
import Testing

@testable import BuildWorker

extension Integration {
    @Suite(.simulatedClusterOnly("messages and parking")) struct BadMessageTests {
        /// By name: what arrives, and the reason it is parked with.
        static let bad: [(name: String, body: [UInt8], reason: String)] = [
            ("malformed", Array(#"{"job":"start","buildConfig":{"token":"made-up-build-token-4f1c""#.utf8), "malformed-json"),
            ("no buildConfig", Array(#"{"job":"start"}"#.utf8), "missing-field"),
            ("unknown job", Array(#"{"job":"dance","buildConfig":{"buildId":1}}"#.utf8), "unknown-job"),
            ("empty", [], "empty-body"),
            ("not an object", Array("[1,2]".utf8), "not-an-object"),
            ("not UTF-8", Array(#"{"job":"st"#.utf8) + [0xFF, 0xFE] + Array(#""}"#.utf8), "malformed-json"),
            ("nested absurdly", Array(repeating: UInt8(ascii: "["), count: 100_000), "malformed-json"),
            ("an id that overflows", Array(#"{"job":"stop","buildConfig":{"buildId":99999999999999999999999}}"#.utf8), "invalid-field"),
            ("10 MB", Array(repeating: UInt8(ascii: "x"), count: 10 << 20), "malformed-json"),
            ("a path that climbs out", Array(#"{"job":"clear","cacheConfig":{"resource":"caches","action":"delete","scope":"pipelines","pipelineId":"../../etc","id":1}}"#.utf8), "invalid-field"),
        ]

        /// Every type that AMQP knows, and no `x-death`.
        static let oddHeaders: AMQPTable = [
            "void": .void, "bool": true, "i8": .int8(-8), "u8": .uint8(8), "i16": .int16(-16), "u16": .uint16(16), "i32": .int32(-32), "u32": .uint32(32),
            "i64": .int64(-64), "f32": .float(1.5), "f64": .double(2.5), "decimal": .decimal(scale: 2, value: 314), "text": "text",
            "bytes": .bytes([0, 255]), "time": .timestamp(1_700_000_000), "array": .array([.int32(1), "two", .table(["three": .int32(3)])]),
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
                for field in Self.oddHeaders.fields { #expect(headers[field.name] == field.value, "header \(field.name) of \(message.name)") }
            }
            #expect(worker.child.isRunning)
            try await worker.terminate()
            try LogCheck.holds(worker)
        }

        /// The broker would route copies back here, each of which would be parked with copies of its own.
        @Test func copiesThatAMessageAsksForAreNotMade() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            let copies: AMQPValue = .array([.text(stage.queues.build), .text(stage.queues.retry)])
            try await stage.publish(Array("rubbish".utf8), headers: ["CC": .array([.text(stage.queues.retry)]), "BCC": copies])
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
            try await stage.broker.publishRaw(stage.start(1, image: "fate/refuse-2:1").serialized(), headerBytes: 130_700, to: stage.queues)
            try await stage.publish(stage.start(2, image: "fate/running:1"))
            try await eventually("both are started") {
                let state = try await stage.simulator.state()
                return state.hostname(1) != nil && state.hostname(2) != nil
            }
            #expect(try !worker.hasLogged("not connected to RabbitMQ"))
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
            #expect(try !worker.hasLogged("not connected to RabbitMQ"))
            try await worker.terminate()
        }

        @Test func whereNothingParksThemTheyAreAcknowledgedAndNamed() async throws {
            let stage = try await Stage.set(.upstream)
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            for message in Self.bad { try await stage.publish(message.body) }
            try await eventually("each is logged with hash and size") {
                let lines = try worker.log().filter { $0["message"]?.string?.hasPrefix("unreadable message dropped") == true }
                return Set(lines.compactMap { $0["hash"]?.scalarText }).count == Self.bad.count && lines.allSatisfy { $0["bytes"]?.integer != nil }
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

        /// RabbitMQ 3.10.8 loses its dead-lettering, for all queues of the node, to one rejected message with such a header.
        @Test(arguments: [
            AMQPValue.array(["rubbish"]), .array([.table(["count": "many"])]), "text", .array([.table(["queue": "q", "reason": "rejected", "count": "1"])]),
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
