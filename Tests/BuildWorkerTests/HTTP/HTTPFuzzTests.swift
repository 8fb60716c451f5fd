import Foundation
import Synchronization
import Testing

@testable import BuildWorker
@testable import Clients

/// How much is tried, and from where on. Case *n* of a seed is case 0 of that seed plus *n*.
private enum HTTPFuzz {
    /// `HTTP_FUZZ_CASES`.
    static let cases = Self.number("HTTP_FUZZ_CASES") ?? 2000
    /// `HTTP_FUZZ_SEED`.
    static let seed = Self.number("HTTP_FUZZ_SEED") ?? 20_261_128
    static let minutes = 2 + Self.cases / 5000
    static let deadline = Duration.milliseconds(500)
    /// At once, each with a server of its own.
    static let drivers: UInt64 = 16

    private static func number(_ variable: String) -> UInt64? {
        ProcessInfo.processInfo.environment[variable].flatMap { UInt64($0) }
    }
}

/// Answers that nobody wrote: rows of the table, damaged. Nothing is known of them but that each is an answer or an error, and in time.
@Suite(.timeLimit(.minutes(HTTPFuzz.minutes))) struct HTTPFuzzTests {
    @Test func noAnswerWhatsoeverIsMoreThanTheOutcomeOfItsRequest() async throws {
        let (seed, cases, drivers) = (HTTPFuzz.seed, HTTPFuzz.cases, HTTPFuzz.drivers)
        print("HTTP fuzz: HTTP_FUZZ_SEED=\(seed) HTTP_FUZZ_CASES=\(cases)")
        let (transport, begin) = (HTTPTransport(), ContinuousClock.now)
        let healthy = try RawServer(threads: 32) { _ in [.send(RawAnswers.plain)] }
        defer { healthy.stop() }
        var tally: [String: Int] = [:]
        try await withThrowingTaskGroup(of: [String: Int].self) { group in
            for first in 0..<drivers {
                let seeds = stride(from: first, to: cases, by: UInt64.Stride(drivers)).map { seed &+ $0 }
                group.addTask { try await Self.drive(transport, healthy, seeds) }
            }
            for try await part in group { tally.merge(part) { $0 + $1 } }
        }
        let words = tally.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        print("HTTP fuzz: \(ContinuousClock.now - begin): \(words)")
        #expect(tally.values.reduce(0, +) == Int(cases))
        let isTidy = try await holdsSoon(within: .seconds(90)) {
            _ = try await transport.send(HTTPRequest(method: "GET", url: healthy.url), deadline: .seconds(20))
            return transport.connections.open <= healthy.open
        }
        #expect(isTidy, "\(transport.connections.open) open, \(healthy.open) of them to the healthy server")
    }

    /// One after the other, on one server; now and then a healthy one between them.
    private static func drive(_ transport: HTTPTransport, _ healthy: RawServer, _ seeds: [UInt64]) async throws
        -> [String: Int]
    {
        let script = Script()
        let server = try RawServer(threads: 4) { _ in script.steps.withLock { $0 } }
        defer { server.stop() }
        var tally: [String: Int] = [:]
        for (number, seed) in seeds.enumerated() {
            let mutant = Mutant(seed: seed)
            script.steps.withLock { $0 = mutant.steps }
            let begin = ContinuousClock.now
            let request = HTTPRequest(
                method: mutant.method, url: "\(server.url)/x", body: mutant.method == "GET" ? nil : Array("{}".utf8))
            var complaint: String?
            do throws(HTTPError) {
                let response = try await transport.send(request, deadline: HTTPFuzz.deadline)
                if response.body.count > 16 << 20 { complaint = "a body of \(response.body.count) bytes" }
                if !(100...999).contains(response.status) { complaint = "status \(response.status)" }
                tally["taken", default: 0] += 1
            } catch {
                // Anything else blames somebody who had no part in it.
                if error.code != .timedOut && !RawAnswer.excessive.contains(error.code) { complaint = "\(error)" }
                tally["\(error.code)", default: 0] += 1
            }
            let took = ContinuousClock.now - begin
            if took > HTTPFuzz.deadline + .seconds(20) { complaint = "after \(took)" }
            if let complaint {
                Issue.record("\(complaint); again with HTTP_FUZZ_SEED=\(seed) HTTP_FUZZ_CASES=1: \(mutant)")
            }
            if number % 20 == 19 {
                let response = try await transport.send(
                    HTTPRequest(method: "GET", url: healthy.url), deadline: .seconds(20))
                #expect(
                    response.status == 200 && response.body == RawAnswers.utf8(RawAnswers.json),
                    "after HTTP_FUZZ_SEED=\(seed)")
            }
        }
        return tally
    }

    @Test func aSeedBringsACaseBack() {
        for seed in UInt64(0)..<50 { #expect(Mutant(seed: seed).bytes == Mutant(seed: seed).bytes) }
        #expect(Set((0..<200).map { Mutant(seed: $0).bytes }).count > 150, "the cases are hardly different")
    }
}

/// What a server says to its next request.
private final class Script: Sendable { let steps = Mutex<[RawServer.Step]>([]) }

/// A row of the table, damaged in one to four places.
private struct Mutant: CustomStringConvertible {
    /// Rows that end, and that are not too long to be tried thousands of times.
    static let rows = RawAnswers.all.compactMap(\.bytes).filter { !$0.isEmpty && $0.count <= 16384 }
    /// What parsers take for a boundary or a number.
    private static let telling = Array("\r\n\t \0:;,=0123456789abcdefABCDEF-+\"{}HTP/.\u{7F}".utf8)

    let method: String
    private(set) var bytes: [UInt8]
    private(set) var steps: [RawServer.Step] = []

    var description: String {
        "\(self.method), \(self.bytes.count) bytes: \(String(decoding: self.bytes.prefix(300), as: UTF8.self).debugDescription)"
    }

    init(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        self.method = Bool.random(using: &generator) ? "GET" : "POST"
        self.bytes = Self.rows.randomElement(using: &generator) ?? []
        for _ in 0..<Int.random(in: 1...4, using: &generator) { self.damage(using: &generator) }
        let place = Int.random(in: 0...self.bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: self.steps = [.send(Array(self.bytes[..<place])), .yield, .send(Array(self.bytes[place...]))]
        case 1 where self.bytes.count < 1000: self.steps = [.sendByteByByte(self.bytes)]
        default: self.steps = [.send(self.bytes)]
        }
        // Most end: what waits for more takes the whole deadline.
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: break
        case 1, 2: self.steps.append(.reset)
        default: self.steps.append(.close)
        }
    }

    private mutating func damage(using generator: inout SeededGenerator) {
        guard !self.bytes.isEmpty else { return }
        let place = Int.random(in: 0..<self.bytes.count, using: &generator)
        let end = min(self.bytes.count, place + Int.random(in: 1...40, using: &generator))
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: self.bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: self.bytes[place] = UInt8.random(in: .min ... .max, using: &generator)
        case 2: self.bytes[place] = Self.telling.randomElement(using: &generator) ?? 0
        case 3: self.bytes.insert(Self.telling.randomElement(using: &generator) ?? 0, at: place)
        case 4: self.bytes.removeSubrange(place..<end)
        case 5:
            let piece = Array(self.bytes[place..<end])
            for _ in 0..<Int.random(in: 1...10, using: &generator) { self.bytes.insert(contentsOf: piece, at: place) }
        case 6: self.bytes.removeSubrange(place...)
        default:
            let other = Self.rows.randomElement(using: &generator) ?? []
            self.bytes =
                Array(self.bytes[..<place]) + Array(other.suffix(Int.random(in: 0...other.count, using: &generator)))
        }
    }
}
