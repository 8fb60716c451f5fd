@testable import BuildWorker
@testable import Clients

/// Where a body ends.
extension RawAnswers {
    /// What a body that ends too soon may be called.
    private static let cutOff: Set<HTTPError.Code> = [.truncated, .connectionReset]

    static func lengths(_ table: inout Table) {
        table.taken("the length twice, the same", "\(ok)\(length)\(rest)")
        table.taken("the length with zeros before it", "\(ok)Content-Length: 0000026\r\n\r\n\(json)")
        table.taken("length 0", "\(ok)Content-Length: 0\r\n\r\n", body: "")
        table.taken("length 0 twice", "\(ok)Content-Length: 0\r\nContent-Length: 0\r\n\r\n", body: "")
        table.taken("no length, to the end", "\(ok)\r\n\(json)", then: .close)
        table.taken("no length, nothing, to the end", "\(ok)\r\n", body: "", then: .close)
        table.taken("Connection: close, to the end", "\(ok)Connection: close\r\n\r\n\(json)", then: .close)
        table.taken("a length that is right, and the end", "\(ok)\(rest)", then: .close)
        table.either("the length and some more", "\(ok)Content-Length: 5\r\n\r\n\(json)", 200, body: "{\"id\"")
        table.either("the length as a list of the same", "\(ok)Content-Length: 26, 26\r\n\r\n\(json)", 200, body: json)
        let chunks = "1a\r\n\(json)\r\n0\r\n\r\n"
        table.either("both length and chunks, the length right", "\(ok)\(length)\(chunked)\(chunks)", 200, body: json)
        table.either(
            "both length and chunks, the length wrong", "\(ok)Content-Length: 5\r\n\(chunked)\(chunks)", 200, body: json
        )
        table.either(
            "both chunks and length", "\(ok)Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n\(chunks)", 200,
            body: json)
        table.either("+26", "\(ok)Content-Length: +26\r\n\r\n\(json)", 200, body: json)
        table.refused("a body that is too short", "\(ok)Content-Length: 100\r\n\r\n\(json)", [.truncated])
        table.refused("a body that is too short by one", "\(ok)Content-Length: 27\r\n\r\n\(json)", [.truncated])
        table.refused("no body at all", "\(ok)\(length)\r\n", [.truncated])
        table.refused(
            "a body that is too short, and a reset", "\(ok)Content-Length: 100\r\n\r\n\(json)", Self.cutOff,
            then: .reset)
        table.refused("no length, and a reset", "\(ok)\r\n\(json)", Self.cutOff, then: .reset)
        table.refused(
            "an error page that is too short", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 100\r\n\r\n<html>",
            [.truncated])
        table.refused(
            "a length above the limit", "\(ok)Content-Length: 999999999999\r\n\r\n\(json)", [.tooLarge, .truncated])
        table.refused(
            "a length of 2^63 - 1", "\(ok)Content-Length: 9223372036854775807\r\n\r\n\(json)", [.tooLarge, .truncated])
    }

    /// RFC 9112, 6.3: to be closed and discarded. libcurl 7.88 takes what a number begins with, the last of several, and no length for one
    /// that it cannot count; so the client must look at them itself.
    static func lengthsThatMeanNothing(_ table: inout Table) {
        let codes = RawAnswer.excessive
        for value in [
            "-1", "-26", "", "x", "0x1A", "1A", "26x", "2 6", "26.0", "2e1", "26;", "26, 5", "5, 26", "\"26\"",
        ] {
            table.refused("length '\(value)'", "\(ok)Content-Length: \(value)\r\n\r\n\(json)", codes)
        }
        table.refused("two lengths, the first right", "\(ok)\(length)Content-Length: 5\r\n\r\n\(json)", codes)
        table.refused("two lengths, the last right", "\(ok)Content-Length: 5\r\n\(rest)", codes)
        table.refused("a length of 2^63", "\(ok)Content-Length: 9223372036854775808\r\n\r\n\(json)", codes)
        table.refused("a length of 2^64 + 26", "\(ok)Content-Length: 18446744073709551642\r\n\r\n\(json)", codes)
        table.refused(
            "a length of 300 digits", "\(ok)Content-Length: \(String(repeating: "9", count: 300))\r\n\r\n\(json)", codes
        )
    }

    static func chunks(_ table: inout Table) {
        table.taken("chunks", "\(ok)\(chunked)5\r\n{\"id\"\r\n15\r\n:1,\"status\":\"QUEUED\"}\r\n0\r\n\r\n")
        table.taken("a chunk a byte", "\(ok)\(chunked)\(json.map { "1\r\n\($0)\r\n" }.joined())0\r\n\r\n")
        table.taken("no chunk but the last", "\(ok)\(chunked)0\r\n\r\n", body: "")
        table.taken("upper-case sizes", "\(ok)\(chunked)1A\r\n\(json)\r\n0\r\n\r\n")
        table.taken("zeros before sizes", "\(ok)\(chunked)0000001a\r\n\(json)\r\n000\r\n\r\n")
        table.taken("extensions", "\(ok)\(chunked)1a;a=b;c=\"d;e\";f\r\n\(json)\r\n0;last\r\n\r\n")
        table.taken(
            "an extension of 8 kB", "\(ok)\(chunked)1a;a=\(String(repeating: "x", count: 8192))\r\n\(json)\r\n0\r\n\r\n"
        )
        table.taken("Chunked", "\(ok)transfer-encoding:Chunked\r\n\r\n1a\r\n\(json)\r\n0\r\n\r\n")
        table.taken(
            "chunks, then the end", "\(ok)Connection: close\r\n\(chunked)1a\r\n\(json)\r\n0\r\n\r\n", then: .close)
        table.taken("chunks of 404", "HTTP/1.1 404 Not Found\r\n\(chunked)1a\r\n\(json)\r\n0\r\n\r\n", 404)
        let kilobyte = String(repeating: "k", count: 1024)
        table.taken(
            "a thousand chunks of 1 kB",
            "\(ok)\(chunked)\(String(repeating: "400\r\n\(kilobyte)\r\n", count: 1000))0\r\n\r\n",
            body: String(repeating: kilobyte, count: 1000))
        table.either("spaces after sizes", "\(ok)\(chunked)1a  \r\n\(json)\r\n0 \r\n\r\n", 200, body: json)
        table.either(
            "thirty zeros before a size",
            "\(ok)\(chunked)\(String(repeating: "0", count: 30))1a\r\n\(json)\r\n0\r\n\r\n", 200, body: json)
        table.either("chunks with bare line feeds", "\(ok)\(chunked)1a\n\(json)\n0\n\n", 200, body: json)
        table.either("chunks in HTTP/1.0", "HTTP/1.0 200 OK\r\n\(chunked)1a\r\n\(json)\r\n0\r\n\r\n", 200)
        table.either("chunked twice", "\(ok)Transfer-Encoding: chunked, chunked\r\n\r\n1a\r\n\(json)\r\n0\r\n\r\n", 200)
        table.either(
            "chunked in two lines", "\(ok)Transfer-Encoding: chunked\r\n\(chunked)1a\r\n\(json)\r\n0\r\n\r\n", 200,
            body: json)
        table.either("a transfer encoding of identity", "\(ok)Transfer-Encoding: identity\r\n\(rest)", 200, body: json)
        table.either("no transfer encoding", "\(ok)Transfer-Encoding: \r\n\(rest)", 200, body: json)
        table.either("an unknown transfer encoding", "\(ok)Transfer-Encoding: foo\r\n\(rest)", 200, body: json)
        let chunks = "1a\r\n\(json)\r\n0\r\n\r\n"
        table.either(
            "an unknown transfer encoding, in chunks", "\(ok)Transfer-Encoding: foo, chunked\r\n\r\n\(chunks)", 200,
            body: json)
        table.either("chunked, but not as the last", "\(ok)Transfer-Encoding: chunked, gzip\r\n\r\n\(chunks)", 200)
        let gzip = Deflate.gzip(utf8(json))
        let gzipped = joined(
            utf8("\(ok)Transfer-Encoding: gzip, chunked\r\n\r\n\(String(gzip.count, radix: 16))\r\n"), gzip,
            utf8("\r\n0\r\n\r\n"))
        table.either("gzip as transfer encoding", bytes: gzipped, 200, body: json)
        table.either(
            "chunks, and something after them", "\(ok)\(chunked)1a\r\n\(json)\r\n0\r\n\r\ngarbage", 200, body: json)
    }

    static func trailers(_ table: inout Table) {
        let body = "1a\r\n\(json)\r\n0\r\n"
        for status in [200, 201, 400, 403, 404, 409, 422, 429, 500, 502, 503] {
            table.taken(
                "a trailer with \(status)", "HTTP/1.1 \(status) X\r\n\(chunked)\(body)Server-Timing: a;dur=1.5\r\n\r\n",
                status)
        }
        table.taken("a trailer that was announced", "\(ok)Trailer: X-T\r\n\(chunked)\(body)X-T: 1\r\n\r\n")
        table.taken("a trailer announced and not sent", "\(ok)Trailer: X-T\r\n\(chunked)\(body)\r\n")
        table.taken("a trailer after no body", "\(ok)\(chunked)0\r\nX-T: 1\r\n\r\n", body: "")
        table.taken("a trailer without a value", "\(ok)\(chunked)\(body)X-T:\r\n\r\n")
        table.taken(
            "a trailer with Latin-1", bytes: joined(utf8("\(ok)\(chunked)\(body)X-T: caf"), [0xE9], utf8("\r\n\r\n")))
        table.taken(
            "trailers of framing",
            "\(ok)\(chunked)\(body)Content-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        table.taken("500 trailers", "\(ok)\(chunked)\(body)\((1...500).map { "X-\($0): 1\r\n" }.joined())\r\n")
        table.taken("a trailer, then the end", "\(ok)\(chunked)\(body)X-T: 1\r\n\r\n", then: .close)
        table.taken("a trailer that looks like an answer", "\(ok)\(chunked)\(body)X-T: HTTP/1.1 500 X\r\n\r\n")
        let long = String(repeating: "v", count: 8192)
        table.either(
            "a trailer of 8 kB, which libcurl may find too long", "\(ok)\(chunked)\(body)X-T: \(long)\r\n\r\n", 200,
            body: json)
        table.either("a folded trailer", "\(ok)\(chunked)\(body)X-T: 1\r\n 2\r\n\r\n", 200, body: json)
        table.either("a trailer without a colon", "\(ok)\(chunked)\(body)garbage\r\n\r\n", 200, body: json)
        table.either("a trailer with NUL", "\(ok)\(chunked)\(body)X-T: \0\r\n\r\n", 200, body: json)
        table.either("a status line for a trailer", "\(ok)\(chunked)\(body)HTTP/1.1 500 X\r\n\r\n", 200, body: json)
        table.either(
            "a next answer for a trailer", "\(ok)\(chunked)\(body)HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", 200,
            body: json)
        table.refused("half a trailer", "\(ok)\(chunked)\(body)X-T: 1", Self.cutOff)
        table.refused("a trailer without the empty line", "\(ok)\(chunked)\(body)X-T: 1\r\n", Self.cutOff)
        table.row(
            "trailers for ever",
            [.send(utf8("\(ok)\(chunked)\(body)")), .sendForEver(utf8(String(repeating: "X-T: 1\r\n", count: 1000)))],
            .refused(RawAnswer.excessive))
        table.row(
            "one trailer for ever",
            [.send(utf8("\(ok)\(chunked)\(body)X-T: ")), .sendForEver([UInt8](repeating: 0x61, count: 8192))],
            .refused(RawAnswer.excessive))
    }

    static func brokenChunks(_ table: inout Table) {
        table.refused("chunks promised, none sent", "\(ok)\(chunked)")
        table.refused("chunks promised, a body sent", "\(ok)\(chunked)\(json)")
        table.refused("a size of other letters", "\(ok)\(chunked)zz\r\n\(json)\r\n0\r\n\r\n")
        table.refused("no size", "\(ok)\(chunked)\r\n\(json)\r\n0\r\n\r\n")
        table.refused("an extension only", "\(ok)\(chunked);a=b\r\n\(json)\r\n0\r\n\r\n")
        table.refused("a space before the size", "\(ok)\(chunked) 1a\r\n\(json)\r\n0\r\n\r\n")
        table.refused("a negative size", "\(ok)\(chunked)-1a\r\n\(json)\r\n0\r\n\r\n")
        table.refused("a size without its line end", "\(ok)\(chunked)1a\(json)\r\n0\r\n\r\n")
        let codes = RawAnswer.excessive
        table.refused("a size of 2^63 - 1", "\(ok)\(chunked)7fffffffffffffff\r\n\(json)\r\n0\r\n\r\n", codes)
        table.refused("a size of 2^64 - 1", "\(ok)\(chunked)ffffffffffffffff\r\n\(json)\r\n0\r\n\r\n", codes)
        table.refused("a size of 2^64 + 26", "\(ok)\(chunked)1000000000000001a\r\n\(json)\r\n0\r\n\r\n", codes)
        table.refused(
            "a size of a thousand digits", "\(ok)\(chunked)\(String(repeating: "f", count: 1000))\r\n\(json)", codes)
        table.refused("a chunk that is longer than its size", "\(ok)\(chunked)5\r\n\(json)\r\n0\r\n\r\n")
        table.refused("a chunk that is shorter than its size", "\(ok)\(chunked)ff\r\n\(json)\r\n0\r\n\r\n")
        table.refused("no line end after a chunk", "\(ok)\(chunked)1a\r\n\(json)0\r\n\r\n")
        table.refused("no last chunk", "\(ok)\(chunked)1a\r\n\(json)\r\n", Self.cutOff)
        table.refused("no last chunk, and a reset", "\(ok)\(chunked)1a\r\n\(json)\r\n", Self.cutOff, then: .reset)
        table.refused("half a chunk", "\(ok)\(chunked)1a\r\n{\"id\":1", Self.cutOff)
        table.refused("half a size", "\(ok)\(chunked)1", Self.cutOff)
        table.refused("the last chunk without its empty line", "\(ok)\(chunked)1a\r\n\(json)\r\n0\r\n", Self.cutOff)
        table.refused("chunks of 500, broken", "HTTP/1.1 500 X\r\n\(chunked)zz\r\n\(json)\r\n0\r\n\r\n")
        table.either("0x before a size", "\(ok)\(chunked)0x1a\r\n\(json)\r\n0\r\n\r\n")
        table.row(
            "chunks for ever", [.send(utf8("\(ok)\(chunked)")), .sendForEver(Self.chunk(32 << 10))],
            .refused([.tooLarge]))
        table.row(
            "small chunks for ever", [.send(utf8("\(ok)\(chunked)")), .sendForEver(Self.chunk(1 << 10))],
            .refused([.tooLarge]))
        table.late(
            "an extension for ever",
            [
                .send(utf8("\(ok)\(chunked)1a;")),
                .sendForEver([UInt8](repeating: 0x61, count: 8192), pauseMilliseconds: 10),
            ],
            RawAnswer.excessive.union([.timedOut]))
    }

    private static func chunk(_ size: Int) -> [UInt8] {
        joined(utf8("\(String(size, radix: 16))\r\n"), [UInt8](repeating: 0x61, count: size), utf8("\r\n"))
    }
}
