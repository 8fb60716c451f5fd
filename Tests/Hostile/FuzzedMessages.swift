internal import BuildWorker
internal import ChaosModel
internal import RabbitMQ
internal import Support
internal import TestSupport

/// Damage, drawn from a seed.
enum Mutation {
    /// One to four places of the bytes.
    static func damage(_ bytes: [UInt8], using random: inout SplitMix64) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: bytes.indices, using: &random)
            let piece = place..<min(bytes.count, place + Int.random(in: 1...8, using: &random))
            switch Int.random(in: 0..<7, using: &random) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1: bytes[place] = .random(in: .min ... .max, using: &random)
            case 2:
                bytes.insert(Array("{}[]\",:\\0-9eE.\r\n\0\u{7F}".utf8).randomElement(using: &random) ?? 0, at: place)
            case 3: bytes.removeSubrange(piece)
            case 4: bytes.insert(contentsOf: bytes[piece], at: .random(in: 0...bytes.count, using: &random))
            case 5: bytes.insert(contentsOf: [0xFF, 0xC0, 0x80, 0xED, 0xA0], at: place)
            default: if Int.random(in: 0..<4, using: &random) == 0 { bytes.removeSubrange(place...) }
            }
        }
        return bytes
    }
}

/// Messages as controllers send them, with something wrong in most. Case *n* of a seed is the same each time.
struct FuzzedMessages: Sendable {
    struct Message: Sendable {
        let body: [UInt8]
        let headers: AMQPTable
        let isForRetryQueue: Bool
    }

    let scene: Scene
    let seed: UInt64

    init(_ scene: Scene, seed: UInt64) { (self.scene, self.seed) = (scene, seed) }

    func message(_ number: Int) -> Message {
        var random = SplitMix64(seed: self.seed &+ UInt64(number) &* 0x9E37)
        var document = self.document(1_000_000 + number, using: &random)
        let kind = Int.random(in: 0..<20, using: &random)
        if (5..<13).contains(kind) {
            for _ in 0...Int.random(in: 0...1, using: &random) { document = Self.spoiled(document, using: &random) }
        }
        var body = document.serialized()
        if kind >= 13 { body = Mutation.damage(body, using: &random) }
        if kind == 19 { body = Mutation.damage(Self.strange.randomElement(using: &random) ?? [], using: &random) }
        let headers =
            kind.isMultiple(of: 2) ? self.headers(using: &random) : ["authorization": .text(Scene.Canary.header)]
        return Message(body: body, headers: headers, isForRetryQueue: Int.random(in: 0..<4, using: &random) == 0)
    }

    private func document(_ build: Int, using random: inout SplitMix64) -> JSONValue {
        let fates = ["fate/running:1", "fate/running:1", "fate/failed:1", "fate/bad-image:1", "fate/invalid:1"]
        var document = self.scene.start(build, image: fates.randomElement(using: &random) ?? "")
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4: break
        case 4..<6: document["job"] = "stop"
        case 6..<8: document["job"] = "verify"
        default:
            let scope = ["pipelines", "jobs", "events"].randomElement(using: &random) ?? ""
            document = [
                "job": "clear",
                "cacheConfig": [
                    "resource": "caches", "action": "delete", "scope": .string(scope),
                    "pipelineId": .number(String(build)), "id": .number(String(build)), "prefix": "",
                    "padding": "................", "token": .string(Scene.Canary.member),
                    "padding2": "................",
                ],
            ]
        }
        return document
    }

    // MARK: Values

    /// What parsers, names, paths, numbers and logs do not like.
    static let values: [JSONValue] = [
        .null, true, false, [], [:], [[:]], "", " ", "\0", "\r\n", "\u{1B}[31m", "\u{202E}", "../../../victim", "..",
        "/", "a/../b", "-1", "1e9", "NaN", "0x10",
        .number("-1"), .number("0"), .number("1e400"), .number("-0"), .number("9223372036854775807"),
        .number("9223372036854775808"), .number("1.5"),
        .number("18446744073709551616"), .number("1E-400"), .number("0.1e1"), "http://169.254.169.254/latest",
        "http://[::1]:1", "https://127.0.0.1:0/", "ftp://127.0.0.1/",
        "http://user:secret@127.0.0.1/", "http://127.0.0.1:99999", "javascript:alert(1)", "<script>alert(1)</script>",
        "{{7*7}}", "$(id)", "`id`", "'; --", "%s%n%x",
        .string(String(repeating: "x", count: 5000)), .string(String(repeating: "é", count: 3000)),
        .string(String(repeating: "9", count: 400)),
        (0..<120).reduce(.array([])) { value, _ in .array([value]) },
        (0..<200).reduce(.object([])) { value, _ in ["k": value] },
        .array(Array(repeating: 1, count: 2000)), ["screwdriver.cd/cpu": "0"], ["screwdriver.cd/ram": "-5"],
        ["screwdriver.cd/timeout": .number("-9223372036854775808")],
        ["screwdriver.cd/timeout": "1e30"],
        ["screwdriver.cd/buildTerminationGracePeriod": .number("99999999999999999999")],
        ["screwdriver.cd/executor": "k8s-vm"],
        ["screwdriver.cd/dockerEnabled": true], ["__proto__": ["a": 1]],
    ]

    /// The same document with one member exchanged, doubled or gone, at any depth.
    private static func spoiled(_ value: JSONValue, using random: inout SplitMix64) -> JSONValue {
        guard case .object(var members) = value, !members.isEmpty else {
            return Self.values.randomElement(using: &random) ?? .null
        }
        let place = Int.random(in: members.indices, using: &random)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: members.remove(at: place)
        case 1: members.append(.init(members[place].name, Self.values.randomElement(using: &random) ?? .null))
        case 2: members[place].value = Self.values.randomElement(using: &random) ?? .null
        default: members[place].value = Self.spoiled(members[place].value, using: &random)
        }
        return .object(members)
    }

    private static let strange: [[UInt8]] = [
        [], [0], [0xEF, 0xBB, 0xBF, 0x7B, 0x7D], Array("null".utf8), Array("[1,2]".utf8),
        Array(repeating: 0x5B, count: 50_000),
        Array(#"{"job":"start","buildConfig":"#.utf8), Array(#"{"job":"dance","buildConfig":{"buildId":1}}"#.utf8),
        Array(repeating: 0, count: 2000),
        Array((String(repeating: #"{"job":"#, count: 3000)).utf8), Array(repeating: 0xFF, count: 100),
    ]

    // MARK: Headers

    private func headers(using random: inout SplitMix64) -> AMQPTable {
        let queues = [
            self.scene.queues.build, self.scene.queues.retry, self.scene.queues.wait, self.scene.queues.parked, "",
        ]
        let numbers: [AMQPValue] = [
            .int64(-1), .int64(0), .int64(3), .int64(.max), .int64(.min), .uint32(.max), .double(1e308), "x", .void,
            .array([]), .bool(true),
        ]
        // No NaN and no uint64: the broker closes the connection on which they come.
        func number(_ random: inout SplitMix64) -> AMQPValue { numbers.randomElement(using: &random) ?? .void }
        func death(_ random: inout SplitMix64) -> AMQPValue {
            let queue = AMQPValue.text(queues.randomElement(using: &random) ?? "")
            let reason = AMQPValue.text(
                ["rejected", "expired", "maxlen", "delivery_limit", "x"].randomElement(using: &random) ?? "")
            return [
                .table([
                    "queue": queue, "reason": reason, "count": number(&random), "exchange": "",
                    "routing-keys": .array([queue]), "time": .timestamp(1_700_000_000),
                ]),
                .table(["queue": queue, "reason": reason, "count": .int64(2)]), .table([:]), "x",
                .table(["queue": .int8(1)]),
            ].randomElement(using: &random) ?? .void
        }
        let names = [
            "x-init-round", "x-init-timer", "x-image-pull-start-time", "x-earlier-attempts", "x-owed-since",
            "x-troubled-since", "x-pod-is-hopeless", "x-poison-crashes",
            "x-delivery-count", "x-parked-id", "x-parked-reason", "x-parked-detail", "x-parked-from", "x-parked-at",
            "x-parked-history", "x-malformed-x-death",
            "x-original-cc", "x-original-message-id", "x-first-death-queue", "x-first-death-reason",
        ]
        var headers: AMQPTable = ["authorization": .text(Scene.Canary.header)]
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            headers[names.randomElement(using: &random) ?? ""] = number(&random)
        }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: headers["x-death"] = .array((0..<Int.random(in: 1...4, using: &random)).map { _ in death(&random) })
        case 1: headers["x-death"] = number(&random)
        case 2:
            headers["deep"] = (0..<Int.random(in: 10...60, using: &random)).reduce(.array([])) { value, _ in
                .array([value])
            }
        case 3: headers["many"] = .array(Array(repeating: .void, count: Int.random(in: 1...6000, using: &random)))
        case 4: headers["long"] = .bytes(Array(repeating: 0x61, count: Int.random(in: 1...8000, using: &random)))
        default: break
        }
        return headers
    }
}
