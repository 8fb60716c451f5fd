import Foundation
import Testing

@testable import BuildWorker

/// What our own code reads of an answer: its head, its JSON, and what is made of both. Seeded; a million inputs in a release build take a minute.
@Suite(.timeLimit(.minutes(5))) struct AnswerParsingTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let cases = environment["ANSWER_FUZZ_CASES"].flatMap { Int($0) } ?? 100_000
    private static let seed = environment["ANSWER_FUZZ_SEED"].flatMap { UInt64($0) } ?? 20_261_128

    private static let pod = #"""
        {"kind":"Pod","apiVersion":"v1","metadata":{"name":"1-abcde","labels":{"sdbuild":"1","app":"screwdriver"},"uid":"u","resourceVersion":"7"},
        "spec":{"nodeName":"n1","containers":[{"name":"1","args":["/opt/sd/run.sh \"t\" \"http://a/\" \\u00e9"],"env":[]}]},"status":{"phase":"Pending",
        "conditions":[{"type":"PodScheduled","status":"False","message":"0/3 nodes"}],"containerStatuses":[{"name":"1","state":{"waiting":{"reason":"X"}}}]}}
        """#
    private static let status = #"""
        {"kind":"Status","status":"Failure","message":"pods \"1\" is forbidden: exceeded quota: q","reason":"Forbidden","details":{"kind":"pods"},"code":403}
        """#
    private static let head = """
        HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 26\r\nRetry-After: 1\r\n\r\nX-T: 1\r\n\r\n
        """

    private static func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0...Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: bytes.indices, using: &random)
            let length = min(Int.random(in: 1...8, using: &random), bytes.count - place)
            switch Int.random(in: 0...5, using: &random) {
            case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
            case 1: bytes.removeSubrange(place..<(place + length))
            case 2: bytes.insert(contentsOf: bytes[place..<(place + length)], at: Int.random(in: 0...bytes.count, using: &random))
            case 3: bytes = Array(bytes[..<place])
            case 4: bytes.insert(Array("{}[]\",:\\0-\r\n\u{0}".utf8).randomElement(using: &random) ?? 0, at: place)
            default: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
        }
        return bytes
    }

    /// Nothing traps, whatever comes; and what is read over is read over in the same documents.
    @Test func noAnswerTraps() {
        let heads = Array(Self.head.utf8), (pods, statuses) = (Array(Self.pod.utf8), Array(Self.status.utf8))
        var taken = 0
        for number in 0..<Self.cases {
            var random = SeededGenerator(seed: Self.seed &+ UInt64(number))
            switch number % 3 {
            case 0:
                var head = HTTPHead()
                for line in Self.mutated(heads, &random).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
                    do { try (Array(line) + [0x0A]).withUnsafeBytes { try head.receive($0, limit: 1 << 20) } } catch { break }
                }
                _ = head.headers
                taken += head.isWhole ? 1 : 0
                if head.isWhole, !(100...999).contains(head.status) { Issue.record("status \(head.status), ANSWER_FUZZ_SEED=\(Self.seed &+ UInt64(number))") }
            case 1:
                let bytes = Self.mutated(pods, &random)
                let (whole, part) = (try? JSONValue(parsing: bytes), try? JSONValue(parsing: bytes, passingOver: ["containers"]))
                guard let whole else { continue }
                taken += 1
                // Nonsense within what is read over may pass; but never the other way round.
                guard let part else {
                    Issue.record("read over and refused, ANSWER_FUZZ_SEED=\(Self.seed &+ UInt64(number))")
                    continue
                }
                if PodObservation(pod: whole, label: "1", container: "1") != PodObservation(pod: part, label: "1", container: "1") {
                    Issue.record("seen otherwise, ANSWER_FUZZ_SEED=\(Self.seed &+ UInt64(number))")
                }
            default:
                let error = KubernetesError("create pod", HTTPResponse(status: 403, body: Self.mutated(statuses, &random)), hiding: [Secret("forbidden")])
                if error.message.contains("forbidden") { Issue.record("told a secret, ANSWER_FUZZ_SEED=\(Self.seed &+ UInt64(number))") }
            }
        }
        #expect(taken > Self.cases / 20, "mutants are not all refused at their first byte")
    }
}
