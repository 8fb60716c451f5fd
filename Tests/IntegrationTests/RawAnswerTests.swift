import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Support

extension Integration {
    /// The simulator's raw answers, byte for byte.
    @Suite(.simulatedClusterOnly("no worker runs")) struct RawAnswerTests {
        private func withSimulator(_ body: (Simulator) async throws -> Void) async throws {
            let simulator = try await Simulator.start()
            defer { simulator.stop() }
            try await body(simulator)
        }

        private func answer(_ simulator: Simulator, _ action: JSONValue, to request: String = "GET /v4/status")
            async throws -> [UInt8]
        {
            try await simulator.clearFaults()
            try await simulator.fault(["listener": "api", "action": action])
            return try RawExchange.send(
                "\(request) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", to: simulator.api)
        }

        private static let type = "content-type: text/plain; charset=utf-8\r\n"
        private static let plain = "HTTP/1.1 200 OK\r\n\(type)content-length: 2\r\nconnection: close\r\n\r\nOK"

        struct Expected: Sendable, CustomTestStringConvertible {
            let action: JSONValue
            /// In Latin-1.
            let bytes: String
            var kind: String { self.action["raw"]?.string ?? "" }
            var testDescription: String { self.action.text() }

            init(_ action: JSONValue, _ bytes: String) { (self.action, self.bytes) = (action, bytes) }
        }

        @Test(arguments: [
            Expected(
                ["raw": "trailers"],
                "HTTP/1.1 200 OK\r\n\(type)transfer-encoding: chunked\r\ntrailer: Server-Timing\r\nconnection: close\r\n\r\n"
                    + "2\r\nOK\r\n0\r\nServer-Timing: total;dur=1.5\r\n\r\n"),
            Expected(
                ["raw": "interim"],
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n\(plain)"
            ),
            Expected(
                ["raw": "no-space"],
                "HTTP/1.1 200 OK\r\nx-note:caf\u{E9}\r\ncontent-type:text/plain; charset=utf-8\r\ncontent-length:2\r\nconnection:close\r\n\r\nOK"
            ),
            Expected(["raw": "slow-bytes"], plain),
        ])
        func legalAnswers(expected: Expected) async throws {
            try await self.withSimulator { simulator in
                let begin = ContinuousClock.now
                let answer = try await self.answer(simulator, expected.action)
                #expect(self.latin1(answer) == expected.bytes)
                if expected.kind == "slow-bytes" {
                    #expect(ContinuousClock.now - begin > .milliseconds(2 * (Self.plain.utf8.count / 3 - 1)))
                }
                // The connection is kept, as after other answers.
                let two = try RawExchange.send(
                    "GET /v4/status HTTP/1.1\r\nHost: a\r\n\r\nGET /v4/status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
                    to: simulator.api)
                let kept = expected.bytes.replacingOccurrences(
                    of: "connection:( ?)close\r\n", with: "", options: .regularExpression)
                #expect(self.latin1(two) == kept + expected.bytes)
            }
        }

        @Test(arguments: [
            Expected(["raw": "half-headers"], "HTTP/1.1 200 OK\r\n"),
            Expected(["raw": "cut", "at": 0], ""),
            Expected(["raw": "cut", "at": 30], "HTTP/1.1 200 OK\r\ncontent-type:"),
            Expected(["raw": "ssh"], "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"),
            Expected(
                ["raw": "http2-frames"], "\0\0\u{12}\u{4}\0\0\0\0\0\0\u{3}\0\0\0d\0\u{4}\0\u{10}\0\0\0\u{6}\0\u{1}\0\0"),
            Expected(["raw": "wrong-length"], plain.replacingOccurrences(of: "length: 2", with: "length: 102")),
            Expected(
                ["raw": "bad-chunk"],
                "HTTP/1.1 200 OK\r\n\(type)transfer-encoding: chunked\r\nconnection: close\r\n\r\nzz\r\nOK\r\n0\r\n\r\n"
            ),
        ])
        func brokenAnswers(expected: Expected) async throws {
            try await self.withSimulator { simulator in
                var action = expected.action
                action["after"] = true
                let answer = try await self.answer(simulator, action)
                #expect(self.latin1(answer) == expected.bytes)
            }
        }

        @Test func largeAnswers() async throws {
            try await self.withSimulator { simulator in
                let header = try await self.answer(simulator, ["raw": "huge-header"])
                #expect(header.count == 17 + 8 + 1_048_576 && header.last == UInt8(ascii: "a"))
                let endless = try await self.answer(simulator, ["raw": "endless"])
                #expect(endless.count > 64 * 1_048_576 && endless.suffix(3) == Array(" \r\n".utf8)[...])
                let bomb = try await self.answer(simulator, ["raw": "gzip-bomb", "after": true])
                let end = try #require(bomb.firstRange(of: Array("\r\n\r\n".utf8)))
                let head = self.latin1(Array(bomb[..<end.lowerBound]))
                #expect(head.contains("content-encoding: gzip\r\ncontent-length: \(bomb.count - end.upperBound)"))
                // What gzip itself makes of it.
                let gzip = try ChildProcess(
                    URL(fileURLWithPath: "/bin/sh"), ["-c", "gzip -dc | wc -c"], input: Data(bomb[end.upperBound...]))
                #expect(try await gzip.waitForExit() == 0)
                #expect(gzip.output == "67633153\n" && gzip.errors.isEmpty)
            }
        }

        @Test func aBrokenAnswerComesBeforeOrAfterTheEffect() async throws {
            try await self.withSimulator { simulator in
                func put(_ action: JSONValue) async throws {
                    try await simulator.clearFaults()
                    try await simulator.fault(["listener": "api", "action": action])
                    let body = #"{"statusMessage":"x"}"#
                    let headers =
                        "Host: a\r\nAuthorization: Bearer \(Stage.token(1))\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n"
                    _ = try RawExchange.send("PUT /v4/builds/1 HTTP/1.1\r\n\(headers)\r\n\(body)", to: simulator.api)
                }
                try await put(["raw": "wrong-length", "after": false])
                try await put(["raw": "gzip-bomb"])
                #expect(try await simulator.state().updates(1).isEmpty)
                try await put(["raw": "ssh", "after": true])
                try await put(["raw": "trailers"])
                #expect(try await simulator.state().updates(1).count == 2)
                let faults = try await simulator.requests().compactMap {
                    $0["fault"]?.string?.split(separator: " ").last
                }
                #expect(
                    faults == [
                        "broken-wrong-length-before", "broken-gzip-bomb-before", "broken-ssh-after", "unusual-trailers",
                    ])
            }
        }

        @Test func theSeedDecidesWhereAnAnswerIsCut() async throws {
            try await self.withSimulator { simulator in
                var lengths: [[Int]] = []
                for seed in [7, 7, 8] {
                    try await simulator.clearFaults()
                    try await simulator.fault([
                        "listener": "api", "seed": .number(String(seed)), "action": ["raw": "cut", "after": true],
                    ])
                    let request = "GET /v4/status HTTP/1.1\r\nHost: a\r\n\r\n"
                    lengths.append(try (0..<8).map { _ in try RawExchange.send(request, to: simulator.api).count })
                }
                #expect(lengths[0] == lengths[1] && lengths[1] != lengths[2])
                #expect(Set(lengths[0]).count > 1)
            }
        }

        @Test func anUnknownKindIsRefused() async throws {
            try await self.withSimulator { simulator in
                let refusal = await #expect(throws: NotInTime.self) {
                    try await simulator.fault(["listener": "api", "action": ["raw": "nonsense"]])
                }
                #expect(refusal?.description.contains("400") == true)
                #expect(
                    refusal?.description.contains(
                        "must be one of trailers, interim, no-space, slow-bytes, half-headers, cut, ssh") == true)
            }
        }

        /// A byte a character.
        private func latin1(_ bytes: [UInt8]) -> String {
            String(String.UnicodeScalarView(bytes.map { UnicodeScalar($0) }))
        }
    }
}
