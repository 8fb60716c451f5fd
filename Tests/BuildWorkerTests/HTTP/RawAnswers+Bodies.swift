@testable import BuildWorker
@testable import Clients

/// What a body is.
extension RawAnswers {
    static func encodings(_ table: inout Table) {
        let data = utf8(json)
        // Nothing was said against them, so RFC 9110 (12.5.3) allows them.
        Self.encoded(&table, "gzip", "gzip", Deflate.gzip(data)) { .taken(200, $0) }
        Self.encoded(&table, "GZIP", "GZIP", Deflate.gzip(data)) { .taken(200, $0) }
        Self.encoded(&table, "x-gzip", "x-gzip", Deflate.gzip(data)) { .taken(200, $0) }
        Self.encoded(&table, "deflate", "deflate", Deflate.zlib(data)) { .taken(200, $0) }
        Self.encoded(&table, "deflate without its wrapping", "deflate", Deflate.raw(data)) { .either(200, $0) }
        Self.encoded(&table, "gzip twice", "gzip, gzip", Deflate.gzip(Deflate.gzip(data))) { .either(200, $0) }
        let parts = joined(Deflate.gzip(Array(data[..<5])), Deflate.gzip(Array(data[5...])))
        Self.encoded(&table, "gzip in two parts", "gzip", parts) { .either(200, $0) }
        Self.encoded(&table, "identity", "identity", data) { .taken(200, $0) }
        Self.encoded(&table, "no encoding", "", data) { .taken(200, $0) }
        Self.encoded(&table, "an unknown encoding", "foo", data) { .either(200, $0) }
        Self.encoded(&table, "aws-chunked", "aws-chunked", data) { .either(200, $0) }
        Self.encoded(&table, "compress", "compress", [0x1F, 0x9D, 0x90, 0x61]) { _ in .either() }
        Self.encoded(&table, "br that is none", "br", data) { _ in .either() }
        Self.encoded(&table, "br, noise", "br", [0xFF, 0xFE, 0xFD, 0x80, 1, 2, 3]) { _ in .either() }
        Self.encoded(&table, "zstd that is none", "zstd", data) { _ in .either() }
        Self.encoded(&table, "gzip that is none", "gzip", data) { _ in .refused(RawAnswer.broken) }
        Self.encoded(&table, "deflate that is none", "deflate", [0xFF, 0xFF, 0xFF, 0xFF, 0xFF]) { _ in
            .refused(RawAnswer.broken)
        }
        let (wrongSum, wrongBlock) = (
            Self.flipped(at: -6, in: Deflate.gzip(data)), Self.flipped(at: 10, in: Deflate.gzip(data))
        )
        Self.encoded(&table, "gzip with a wrong checksum", "gzip", wrongSum) { _ in .refused(RawAnswer.broken) }
        Self.encoded(&table, "gzip of a block that there is not", "gzip", wrongBlock) { _ in .refused(RawAnswer.broken)
        }
        // Its length is right, so nothing but the end of the compressed data is missing: libcurl 7.88 does not notice.
        Self.encoded(&table, "half of gzip", "gzip", Array(Deflate.gzip(data).prefix(30))) { _ in .either() }
        Self.encoded(&table, "gzip without its end", "gzip", Array(Deflate.gzip(data).dropLast(8))) { .either(200, $0) }
        Self.encoded(&table, "gzip and something after it", "gzip", joined(Deflate.gzip(data), utf8("more"))) {
            .either(200, $0)
        }
        Self.encoded(&table, "gzip of nothing", "gzip", Deflate.gzip([])) { _ in .taken(200, []) }
        Self.encoded(&table, "no byte of gzip", "gzip", []) { _ in .either(200, []) }
        let twenty = Array(repeating: "gzip", count: 20).joined(separator: ", ")
        Self.encoded(&table, "twenty encodings", twenty, data) { _ in .refused(RawAnswer.broken) }
        Self.encoded(&table, "a bomb of 100 MB", "gzip", Deflate.bomb(size: 100 << 20)) { _ in .refused([.tooLarge]) }
        Self.encoded(
            &table, "a bomb in a bomb", "gzip, gzip", Deflate.gzip(Array(Deflate.bomb(size: 10 << 20).prefix(60_000)))
        ) { _ in .either() }
        let gzip = Deflate.gzip(data)
        let head = utf8("\(ok)Content-Encoding: gzip\r\n\(chunked)\(String(gzip.count, radix: 16))\r\n")
        table.taken("gzip in a chunk", bytes: joined(head, gzip, utf8("\r\n0\r\nX-T: 1\r\n\r\n")))
        table.taken("gzip to the end", bytes: joined(utf8("\(ok)Content-Encoding: gzip\r\n\r\n"), gzip), then: .close)
        table.taken(
            "gzip of an error",
            bytes: joined(
                utf8("HTTP/1.1 404 X\r\nContent-Encoding: gzip\r\nContent-Length: \(gzip.count)\r\n\r\n"), gzip), 404)
    }

    /// - Parameter expected: given the bytes of ``json``.
    private static func encoded(
        _ table: inout Table, _ name: String, _ encoding: String, _ body: [UInt8],
        _ expected: ([UInt8]) -> RawAnswer.Expected
    ) {
        let head = utf8("\(ok)Content-Encoding: \(encoding)\r\nContent-Length: \(body.count)\r\n\r\n")
        table.row("encoded: \(name)", [.send(joined(head, body))], expected(utf8(json)))
    }

    /// - Parameter place: from the end if negative.
    private static func flipped(at place: Int, in bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        bytes[place < 0 ? bytes.count + place : place] ^= 0xFF
        return bytes
    }

    static func bodies(_ table: inout Table) {
        table.taken("204", "HTTP/1.1 204 No Content\r\n\r\n", 204, body: "")
        table.taken("204 with a length of 0", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, body: "")
        table.taken("204 with a body", "HTTP/1.1 204 No Content\r\n\r\n\(json)", 204, body: "")
        table.taken("204 with a length", "HTTP/1.1 204 No Content\r\n\(rest)", 204, body: "")
        table.taken("204 with chunks", "HTTP/1.1 204 No Content\r\n\(chunked)1a\r\n\(json)\r\n0\r\n\r\n", 204, body: "")
        table.taken("204 with a wrong length", "HTTP/1.1 204 No Content\r\nContent-Length: 99\r\n\r\n", 204, body: "")
        table.taken("304", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", 304, body: "")
        table.taken(
            "304 with the length of what it stands for", "HTTP/1.1 304 Not Modified\r\n\(length)\r\n", 304, body: "")
        table.taken("205 with a length of 0", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", 205, body: "")
        table.either("205 with a body", "HTTP/1.1 205 Reset Content\r\n\(rest)", 205)
        table.either("204 with an encoding", "HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n", 204, body: "")
        table.taken("NUL in the body", "\(ok)Content-Length: 5\r\n\r\na\0b\0c", body: "a\0b\0c")
        table.taken("line ends for a body", "\(ok)Content-Length: 8\r\n\r\n\r\n\r\n\n\n\r\r", body: "\r\n\r\n\n\n\r\r")
        table.taken(
            "an answer for a body",
            "\(ok)Content-Length: 45\r\n\r\nHTTP/1.1 500 No\r\nContent-Length: 7\r\n\r\ninside!", body: inner)
        table.taken(
            "an error page", "HTTP/1.1 503 X\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>", 503,
            body: "<html>")
        table.taken("a mark before the JSON", "\(ok)Content-Length: 29\r\n\r\n\u{FEFF}\(json)", body: "\u{FEFF}\(json)")
        table.either(
            "two answers in one packet", "\(ok)\(rest)HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", 200, body: json,
            then: .hold)
        table.either(
            "an answer and noise", "\(ok)\(rest)\(String(repeating: "\0noise", count: 1000))", 200, body: json,
            then: .hold)
        table.either(
            "204 and a second answer", "HTTP/1.1 204 X\r\n\r\nHTTP/1.1 500 X\r\n\r\n", 204, body: "", then: .hold)
        let megabyte = [UInt8](repeating: 0x61, count: 1 << 20)
        let limit = 16 << 20
        let largest = [UInt8](repeating: 0x61, count: limit)
        table.row(
            "a body as large as may be", [.send(joined(utf8("\(ok)Content-Length: \(limit)\r\n\r\n"), largest))],
            .taken(200, largest))
        let tooLong = utf8("\(ok)Content-Length: \(limit + 1)\r\n\r\n")
        table.row("a body larger than may be", [.send(tooLong), .sendForEver(megabyte)], .refused([.tooLarge]))
        table.row("a body for ever", [.send(utf8("\(ok)\r\n")), .sendForEver(megabyte)], .refused([.tooLarge]))
        table.row(
            "an error page for ever", [.send(utf8("HTTP/1.1 500 X\r\n\r\n")), .sendForEver(megabyte)],
            .refused([.tooLarge]))
        table.row(
            "a slow answer",
            [
                .send(utf8("HTTP/1.1 2")), .pause(milliseconds: 20), .send(utf8("00 OK\r\nContent-Le")),
                .pause(milliseconds: 20),
                .send(utf8("ngth: 26\r\n\r")), .pause(milliseconds: 20), .send(utf8("\n{\"id\":1,")),
                .pause(milliseconds: 20),
                .send(utf8("\"status\":\"QUEUED\"}")),
            ], .taken(200, utf8(json)))
        table.row(
            "slow chunks",
            [
                .send(utf8("\(ok)\(chunked)1")), .pause(milliseconds: 20), .send(utf8("a\r")), .pause(milliseconds: 20),
                .send(utf8("\n\(json)")),
                .pause(milliseconds: 20), .send(utf8("\r\n0\r\n")), .pause(milliseconds: 20),
                .send(utf8("X-T: 1\r\n\r")), .pause(milliseconds: 20),
                .send(utf8("\n")),
            ], .taken(200, utf8(json)))
    }

    private static let inner = "HTTP/1.1 500 No\r\nContent-Length: 7\r\n\r\ninside!"

    /// What ends with the deadline only.
    static func silence(_ table: inout Table) {
        table.late("nothing, and silence", [.hold])
        table.late("half a status line, and silence", [.send(utf8("HTTP/1.1 20")), .hold])
        table.late("a status line, and silence", [.send(utf8(ok)), .hold])
        table.late("100, and silence", [.send(utf8("HTTP/1.1 100 Continue\r\n\r\n")), .hold])
        table.late("headers, and silence", [.send(utf8("\(ok)\(length)\r\n")), .hold])
        table.late("half a body, and silence", [.send(utf8("\(ok)\(length)\r\n{\"id\":1")), .hold])
        table.late("a body without an end, and silence", [.send(utf8("\(ok)\r\n\(json)")), .hold])
        table.late("chunks without an end, and silence", [.send(utf8("\(ok)\(chunked)1a\r\n\(json)\r\n")), .hold])
        table.late("half a trailer, and silence", [.send(utf8("\(ok)\(chunked)1a\r\n\(json)\r\n0\r\nX-T")), .hold])
        table.late(
            "half a challenge, and silence", [.send(utf8("HTTP/1.1 401 X\r\nWWW-Authenticate: Basic realm=")), .hold])
        table.late(
            "a redirect without an end, and silence",
            [.send(utf8("HTTP/1.1 302 X\r\nLocation: /\r\n\(length)\r\n")), .hold])
        table.late(
            "a line without an end, a letter now and then",
            [.send(utf8("\(ok)X-A: ")), .sendForEver([0x61], pauseMilliseconds: 20)])
        table.late(
            "a body without an end, a letter now and then",
            [.send(utf8("\(ok)\r\n")), .sendForEver([0x61], pauseMilliseconds: 20)])
        let answered = RawAnswer.broken.union([.timedOut])
        table.late(
            "101, and silence", [.send(utf8("HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")), .hold],
            answered)
        table.late("half of SSH, and silence", [.send(utf8("SSH-2.0-x")), .hold], answered)
        table.late("a TLS alert, and silence", [.send([0x15, 3, 1, 0, 2, 2, 0x16]), .hold], answered)
    }
}
