import CRabbitMQ
import Foundation
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ
@testable import Spool
@testable import Support
@testable import Workflow

/// Something that reads bytes from outside: a row each. The corpora are small on purpose: one of each form there is.
struct FuzzedParser: Sendable, CustomTestStringConvertible {
    enum Outcome: Hashable, Sendable {
        case taken, refused
        /// It should be neither: what is wrong.
        case wrong(String)
    }

    let name: String
    let corpus: [[UInt8]]
    let check: @Sendable ([UInt8]) -> Outcome
    var testDescription: String { self.name }

    private init(_ name: String, _ corpus: [String], _ check: @escaping @Sendable ([UInt8]) -> Outcome) {
        self.init(name, corpus.map { Array($0.utf8) }, check)
    }
    private init(_ name: String, _ corpus: [[UInt8]], _ check: @escaping @Sendable ([UInt8]) -> Outcome) {
        (self.name, self.corpus, self.check) = (name, corpus, check)
    }

    static let all = [
        Self.answerHead, pod, kubernetesStatus, json, message, token, amqpTable, request, timer, job, ledger, report,
    ]

    // MARK: Answers

    private static let answerHead = FuzzedParser(
        "answer-head",
        [
            "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 26\r\nRetry-After: 1\r\n\r\nX-T: 1\r\n\r\n",
            "HTTP/2 204\r\n\r\n",
        ]
    ) { bytes in
        var head = HTTPHead()
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            do { try (Array(line) + [0x0A]).withUnsafeBytes { try head.receive($0, limit: 1 << 20) } } catch {
                return .refused
            }
        }
        _ = head.headers
        guard head.isWhole else { return .refused }
        return (100...999).contains(head.status) ? .taken : .wrong("status \(head.status)")
    }

    private static let podText = #"""
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"1-abcde","labels":{"sdbuild":"1","app":"screwdriver"},"uid":"u","resourceVersion":"7"},
        "spec":{"nodeName":"n1","containers":[{"name":"1","args":["/opt/sd/run.sh \"t\" \"http://a/\" \\u00e9"],"env":[]}]},"status":{"phase":"Pending",
        "conditions":[{"type":"PodScheduled","status":"False","message":"0/3 nodes"}],"containerStatuses":[{"name":"1","state":{"waiting":{"reason":"X"}}}]}}
        """#

    /// What is read over is read over in the same documents: nonsense within it may pass, but never the other way round.
    private static let pod = FuzzedParser("pod", [podText]) { bytes in
        guard let whole = try? JSONValue(parsing: bytes) else { return .refused }
        guard let part = try? JSONValue(parsing: bytes, passingOver: ["containers"]) else {
            return .wrong("read over and refused")
        }
        return PodObservation(pod: whole, label: "1", container: "1")
            == PodObservation(pod: part, label: "1", container: "1") ? .taken : .wrong("seen otherwise")
    }

    private static let kubernetesStatus = FuzzedParser(
        "kubernetes-status",
        [
            #"{"kind":"Status","status":"Failure","message":"pods \"1\" is forbidden: exceeded quota: q","reason":"Forbidden","details":{"kind":"pods"},"code":403}"#
        ]
    ) { bytes in
        let error = KubernetesError("create pod", HTTPResponse(status: 403, body: bytes), hiding: [Secret("forbidden")])
        return error.message.contains("forbidden") ? .wrong("told a secret") : .taken
    }

    // MARK: Messages

    private static let json = FuzzedParser(
        "json",
        [
            #"{"a":[1,-2.5e+10,true,false,null,"é\u00e9\ud83d\ude00\n"],"a":{},"":[[[]]]}"#, " 0 ", #""\u0000""#,
            "1e400", "-0",
        ]
    ) { bytes in
        guard let value = try? JSONValue(parsing: bytes) else { return .refused }
        return (try? JSONValue(parsing: value.serialized())) == value
            ? .taken : .wrong("not the same when it is written and read")
    }

    private static let message = FuzzedParser(
        "message",
        [
            #"{"job":"start","buildConfig":{"buildId":17,"jobId":"91","jobName":"PR-7:main","eventId":77,"prParentJobId":5,"pipeline":{"id":42,"name":"a/b","scmContext":"g:h"},"template":{"fullName":"t","version":"1.0.0"},"annotations":{"screwdriver.cd/cpu":"LOW","screwdriver.cd/timeout":90},"apiUri":"http://a.example:8080/x","container":"node:22","token":"a.b.c","new":[1]}}"#,
            #"{"job":"stop","buildConfig":{"buildId":"17","jobName":"main","annotations":[{}],"blockedBy":[],"freezeWindows":[]}}"#,
            #"{"job":"clear","cacheConfig":{"resource":"caches","action":"delete","scope":"events","prefix":"p","pipelineId":1,"id":"2"}}"#,
        ]
    ) { bytes in
        guard let message = try? BuildMessage(decoding: bytes) else { return .refused }
        guard (try? JSONValue(parsing: message.asVerify().serialized())) != nil else {
            return .wrong("what it becomes cannot be read")
        }
        switch message.job {
        case .start(let build), .stop(let build), .verify(let build):
            guard build.buildID.rawValue > 0 else { return .wrong("build \(build.buildID)") }
            for text in [build.jobID, build.jobName, build.eventID, build.pipelineID]
            where (text ?? "").utf8.count > 2048 { return .wrong("a text of \(text?.utf8.count ?? 0) bytes") }
        case .clear(let cache):
            for name in [cache.prefix, cache.pipelineID, cache.id] where name == ".." || name.contains("/") {
                return .wrong("the path '\(name)'")
            }
        }
        return .taken
    }

    private static let token = FuzzedParser(
        "token", [BuildToken.make(7, secret: "c2ln"), "e30.e30.", "eyJleHAiOjF9.eyJleHAiOjF9.x"]
    ) { bytes in
        TokenClaims(Secret(String(decoding: bytes, as: UTF8.self))) == nil ? .refused : .taken
    }

    /// librabbitmq's reading of it, and what is made of an `x-death`.
    private static let amqpTable = FuzzedParser(
        "amqp-table",
        [
            Conversation.table(
                field(
                    "x-death", "A", Conversation.number(UInt32(deathTable.count + 1)) + [UInt8(ascii: "F")] + deathTable
                )),
            Conversation.table(field("x-death", "S", Conversation.long("x"))),
            Conversation.table(
                field("i", "I", Conversation.number(7 as Int32)) + field("l", "l", Conversation.number(-7 as Int64))
                    + field("b", "t", [1]) + field("d", "d", Conversation.number(3.5.bitPattern))
                    + field("D", "D", [2, 0, 0, 1, 0]) + field("T", "T", Conversation.number(1 as UInt64))
                    + field("x", "x", Conversation.long("y")) + field("V", "V", [])),
            Conversation.deepTable(levels: 14), Conversation.deepTable(levels: 17),
        ]
    ) { bytes in
        var pool = amqp_pool_t()
        init_amqp_pool(&pool, 4096)
        defer { empty_amqp_pool(&pool) }
        var (table, offset, bytes) = (amqp_table_t(), 0, bytes)
        return bytes.withUnsafeMutableBytes { buffer in
            guard
                amqp_decode_table(amqp_bytes_t(len: buffer.count, bytes: buffer.baseAddress), &pool, &table, &offset)
                    == 0
            else { return .refused }
            guard offset <= buffer.count else { return .wrong("it ends \(offset - buffer.count) bytes behind the end") }
            let history = DeathHistory(headers: AMQPTable(copying: table))
            return history.rejections(in: "q") >= 0 && history.expirations(in: "q") >= 0
                ? .taken : .wrong("a negative count")
        }
    }

    private static let deathTable = Conversation.table(
        field("count", "l", Conversation.number(2 as Int64)) + field("reason", "S", Conversation.long("rejected"))
            + field("queue", "S", Conversation.long("q"))
            + field("time", "T", Conversation.number(1_700_000_000 as UInt64))
            + field("exchange", "S", Conversation.long("")))

    private static func field(_ name: String, _ kind: Unicode.Scalar, _ value: [UInt8]) -> [UInt8] {
        Conversation.short(name) + [UInt8(ascii: kind)] + value
    }

    // MARK: Visitors

    /// In two parts, as they come.
    private static let request = FuzzedParser(
        "request",
        [
            "GET /fine?x=1 HTTP/1.1\r\nHost: localhost:8080\r\nAccept: */*\r\n\r\n", "HEAD /fine HTTP/1.0\r\n\r\n",
            "GET /fine HTTP/1.1\r\nHost: [::1]\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
            "POST /fine HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /fine HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ]
    ) { bytes in
        let channel = EmbeddedChannel()
        defer { _ = try? channel.finish(acceptAlreadyClosed: true) }
        do {
            try OperatorServer.prepare(channel, OwnNames(["w"]), .init(), ["/fine": { .text("ok") }])
            try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
            for part in [bytes.prefix(bytes.count / 2), bytes.dropFirst(bytes.count / 2)] where channel.isActive {
                try channel.writeInbound(ByteBuffer(bytes: part))
            }
            var said: [UInt8] = []
            while let part = try channel.readOutbound(as: ByteBuffer.self) { said += part.readableBytesView }
            guard !said.isEmpty else { return .refused }
            let answers = String(decoding: said, as: UTF8.self).components(separatedBy: "HTTP/1.1 ").count - 1
            return answers == 1 ? .taken : .wrong("\(answers) answers")
        } catch { return .refused }
    }

    // MARK: The spool's files

    private static let timer = FuzzedParser(
        "timer",
        [
            #"{"dueAt":1700000000000,"headers":{"x-init-round":3,"x-init-timer":1,"x":"y"},"message":"{\"job\":\"verify\"}"}"#,
            #"{"dueAt":1,"round":2,"message":""}"#,
        ]
    ) { bytes in (try? TimerJournal.entry(bytes, "timer")) == nil ? .refused : .taken }

    private static let job = FuzzedParser(
        "job",
        [
            Job(
                .status, id: "7", created: "2026-01-01T00:00:00.000Z", orderKey: "17",
                history: [Job.Trial(at: "2026-01-01", attempt: 1, error: "x")], payload: ["a": 1]
            ).serialized,
            Array("1700000000000000.1.7.0123abcd.2".utf8),
        ]
    ) { bytes in
        _ = JobName(String(decoding: bytes, as: UTF8.self))
        return (try? Job(parsing: bytes, "job")) == nil ? .refused : .taken
    }

    /// Of a fixed form, and read whatever is in it: who is in flight, and who is suspected.
    private static let ledger = FuzzedParser(
        "ledger",
        [
            "s 0123456789abcdef01234567 1 watched s1,0,2,1\np key 2 quarantined aside\n"
                + String(repeating: " ", count: 100)
        ]
    ) { bytes in
        _ = (InFlightLedger.entries(bytes), Suspects.parse(bytes))
        return .taken
    }

    private static let report = FuzzedParser(
        "report",
        [
            FailureReport(.startFailed, Problem(.worker, "x"), causes: ["x"], host: "h").document.serialized()
        ]
    ) { bytes in
        guard let document = try? JSONValue(parsing: bytes) else { return .refused }
        guard let report = FailureReport(document) else { return .refused }
        return FailureReport(report.document) != nil ? .taken : .wrong("not one of ours when it is written and read")
    }
}
