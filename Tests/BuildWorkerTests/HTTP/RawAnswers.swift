@testable import BuildWorker
@testable import Clients

/// Answers as gateways, proxies, broken servers and servers of other protocols give them. Legal ones are taken; of the others each is the error of
/// one request.
///
/// Taken answers leave the connection open unless its end is the body's: so the client must know by itself where they end.
enum RawAnswers {
    static let all: [RawAnswer] = {
        var table = Table()
        Self.statusLines(&table)
        Self.interimAnswers(&table)
        Self.headers(&table)
        Self.headersThatAreMany(&table)
        Self.headersOfMeaning(&table)
        Self.lengths(&table)
        Self.lengthsThatMeanNothing(&table)
        Self.chunks(&table)
        Self.trailers(&table)
        Self.brokenChunks(&table)
        Self.encodings(&table)
        Self.bodies(&table)
        Self.silence(&table)
        Self.otherProtocols(&table)
        return table.rows
    }()

    static let short = Self.all.filter(\.isShort)
    static let foreign: [RawAnswer] = {
        var table = Table()
        Self.otherProtocols(&table)
        return table.rows
    }()

    static let json = #"{"id":1,"status":"QUEUED"}"#
    static let ok = "HTTP/1.1 200 OK\r\n"
    static let length = "Content-Length: 26\r\n"
    /// The last header and the body.
    static let rest = "Content-Length: 26\r\n\r\n\(json)"
    static let chunked = "Transfer-Encoding: chunked\r\n\r\n"

    static func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
    static func joined(_ pieces: [UInt8]...) -> [UInt8] { Array(pieces.joined()) }

    /// Of an API server that keeps the connection.
    static let plain = utf8("\(ok)Content-Type: application/json\r\nServer: x\r\n\(rest)")
    static let chunkedWithTrailer = utf8(
        "\(ok)Trailer: Server-Timing\r\n\(chunked)5\r\n{\"id\"\r\n15\r\n:1,\"status\":\"QUEUED\"}\r\n0\r\nServer-Timing: a;dur=1\r\n\r\n"
    )

    /// Rows as they are written down.
    struct Table {
        private(set) var rows: [RawAnswer] = []

        /// The connection is left open.
        mutating func taken(
            _ name: String, _ answer: String, _ status: Int = 200, body: String = RawAnswers.json,
            then: RawServer.Step? = nil
        ) {
            self.add(name, [.send(Array(answer.utf8))], then, .taken(status, Array(body.utf8)))
        }

        mutating func taken(
            _ name: String, bytes: [UInt8], _ status: Int = 200, body: String = RawAnswers.json,
            then: RawServer.Step? = nil
        ) {
            self.add(name, [.send(bytes)], then, .taken(status, Array(body.utf8)))
        }

        /// The connection is closed after what is said.
        mutating func refused(
            _ name: String, _ answer: String, _ codes: Set<HTTPError.Code> = RawAnswer.broken,
            then: RawServer.Step? = .close
        ) {
            self.add(name, [.send(Array(answer.utf8))], then, .refused(codes))
        }

        mutating func refused(
            _ name: String, bytes: [UInt8], _ codes: Set<HTTPError.Code> = RawAnswer.broken,
            then: RawServer.Step? = .close
        ) {
            self.add(name, [.send(bytes)], then, .refused(codes))
        }

        /// A body that is not given is not looked at. The connection is closed after what is said.
        mutating func either(
            _ name: String, _ answer: String, _ status: Int? = nil, body: String? = nil, then: RawServer.Step? = .close
        ) {
            self.add(name, [.send(Array(answer.utf8))], then, .either(status, body.map { Array($0.utf8) }))
        }

        mutating func either(
            _ name: String, bytes: [UInt8], _ status: Int? = nil, body: String? = nil, then: RawServer.Step? = .close
        ) {
            self.add(name, [.send(bytes)], then, .either(status, body.map { Array($0.utf8) }))
        }

        mutating func late(_ name: String, _ steps: [RawServer.Step], _ codes: Set<HTTPError.Code> = [.timedOut]) {
            self.rows.append(
                RawAnswer(name: name, steps: steps, expected: .refused(codes), deadline: .milliseconds(300)))
        }

        mutating func row(_ name: String, _ steps: [RawServer.Step], _ expected: RawAnswer.Expected) {
            self.rows.append(RawAnswer(name: name, steps: steps, expected: expected))
        }

        private mutating func add(
            _ name: String, _ steps: [RawServer.Step], _ then: RawServer.Step?, _ expected: RawAnswer.Expected
        ) {
            self.rows.append(RawAnswer(name: name, steps: then.map { steps + [$0] } ?? steps, expected: expected))
        }
    }
}

// MARK: - Before the headers

extension RawAnswers {
    private static func statusLines(_ table: inout Table) {
        table.taken("no reason", "HTTP/1.1 200\r\n\(rest)")
        table.taken("no reason, but the space before it", "HTTP/1.1 200 \r\n\(rest)")
        table.taken("a reason of many words", "HTTP/1.1 200 All is well, as far as I can see\r\n\(rest)")
        table.taken("a reason of 8 kB", "HTTP/1.1 200 \(String(repeating: "r", count: 8192))\r\n\(rest)")
        table.taken("Latin-1 in the reason", bytes: joined(utf8("HTTP/1.1 200 Tr"), [0xE8], utf8("s bien\r\n\(rest)")))
        table.taken("a tab in the reason", "HTTP/1.1 200 O\tK\r\n\(rest)")
        table.taken(
            "HTTP/1.0, to the end", "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n\(json)", then: .close)
        table.taken("HTTP/1.0, kept alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\(rest)")
        table.taken("HTTP/1.0 with a length", "HTTP/1.0 200 OK\r\n\(rest)")
        for status in [
            201, 202, 203, 206, 207, 226, 299, 300, 400, 403, 404, 408, 409, 410, 418, 422, 451, 499, 500, 502, 503,
            504, 520, 599,
        ] {
            table.taken("\(status)", "HTTP/1.1 \(status) X\r\n\(rest)", status)
        }
        table.either("600", "HTTP/1.1 600 X\r\n\(rest)", 600, body: json)
        table.either("999", "HTTP/1.1 999 Request denied\r\n\(rest)", 999, body: json)
        table.either("HTTP/1.2", "HTTP/1.2 200 OK\r\n\(rest)", 200, body: json)
        table.either("HTTP/2 without its frames", "HTTP/2 200 OK\r\n\(rest)", 200, body: json)
        table.either("HTTP/2.0 without its frames", "HTTP/2.0 200 OK\r\n\(rest)", 200, body: json)
        table.either("HTTP/3 without QUIC", "HTTP/3 200 OK\r\n\(rest)", 200, body: json)
        table.either("no version", "HTTP 200 OK\r\n\(rest)", 200, body: json)
        table.either("lower case", "http/1.1 200 ok\r\n\(rest)", 200, body: json)
        table.either("two spaces before the status", "HTTP/1.1  200 OK\r\n\(rest)", 200, body: json)
        table.either("a tab before the status", "HTTP/1.1\t200 OK\r\n\(rest)", 200, body: json)
        table.either("a space before it all", " HTTP/1.1 200 OK\r\n\(rest)", 200, body: json)
        table.either("an empty line before it all", "\r\n\(ok)\(rest)", 200, body: json)
        table.either("no space after the status", "HTTP/1.1 200OK\r\n\(rest)", 200, body: json)
        table.refused("000", "HTTP/1.1 000 X\r\n\(rest)")
        table.refused("099", "HTTP/1.1 099 X\r\n\(rest)")
        table.refused("two digits", "HTTP/1.1 99 X\r\n\(rest)")
        table.refused("four digits", "HTTP/1.1 2000 X\r\n\(rest)")
        table.refused("a thousand digits", "HTTP/1.1 \(String(repeating: "2", count: 1000)) X\r\n\(rest)")
        table.refused("a negative status", "HTTP/1.1 -20 X\r\n\(rest)")
        table.refused("letters for a status", "HTTP/1.1 abc X\r\n\(rest)")
        table.refused("a letter in the status", "HTTP/1.1 2x0 X\r\n\(rest)")
        table.refused("no status", "HTTP/1.1\r\n\(rest)")
        table.refused("no status but a reason", "HTTP/1.1 OK\r\n\(rest)")
        table.refused("no space before the status", "HTTP/1.1200 OK\r\n\(rest)")
        // libcurl 7.88 makes 200 of everything that begins with `HTTP/` and goes on unlike a version, or is in small letters.
        table.either("lower case, 503", "http/1.1 503 Service Unavailable\r\n\(rest)", 503, body: json)
        table.refused("a version of letters", "HTTP/a.b 200 OK\r\n\(rest)")
        table.refused("a version of letters, 503", "HTTP/a.b 503 X\r\n\(rest)")
        table.refused("nothing after HTTP/", "HTTP/\r\n\(rest)")
        table.refused("a version of 40 digits", "HTTP/\(String(repeating: "1", count: 40)) 200 OK\r\n\(rest)")
        table.refused("HTTP/0.9", json)
        table.refused("HTTP/0.9, a page", "<html><body>Hello</body></html>\r\n")
        table.refused("a byte order mark before it all", bytes: joined([0xEF, 0xBB, 0xBF], utf8("\(ok)\(rest)")))
        table.refused("NUL before it all", bytes: joined([0], utf8("\(ok)\(rest)")))
        table.refused("NUL in the reason", "HTTP/1.1 200 O\0K\r\n\(rest)")
        table.refused("UTF-16", bytes: utf8("\(ok)\(rest)").flatMap { [$0, 0] })
        table.refused("nothing", "", [.connectionReset])
        table.refused("nothing, and a reset", "", [.connectionReset], then: .reset)
        table.refused("one empty line", "\r\n")
        table.refused("empty lines only", String(repeating: "\r\n", count: 100))
        table.refused("a status line and its end", "HTTP/1.1 200 OK")
        table.refused("a status line only", ok)
        table.refused("headers without their end", "\(ok)Content-Type: application/json\r\n\(length)")
        table.refused("headers without their end, and a reset", "\(ok)\(length)", then: .reset)
        table.refused("a request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    }

    private static func interimAnswers(_ table: inout Table) {
        let answer = "\(ok)\(rest)"
        table.taken("100 first", "HTTP/1.1 100 Continue\r\n\r\n\(answer)")
        table.taken("100 first, with headers", "HTTP/1.1 100 Continue\r\nDate: x\r\nX-A: 1\r\n\r\n\(answer)")
        table.taken("102 first", "HTTP/1.1 102 Processing\r\n\r\n\(answer)")
        table.taken(
            "103 first",
            "HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\nLink: </y>; rel=preload\r\n\r\n\(answer)")
        table.taken("104 first, which nobody knows", "HTTP/1.1 104 Upload Resumption\r\n\r\n\(answer)")
        table.taken("199 first, which nobody knows", "HTTP/1.1 199 X\r\n\r\n\(answer)")
        table.taken(
            "100, 102 and 103 first",
            "HTTP/1.1 100 A\r\n\r\nHTTP/1.1 102 B\r\n\r\nHTTP/1.1 103 C\r\nLink: x\r\n\r\n\(answer)")
        table.taken("fifty 103 first", String(repeating: "HTTP/1.1 103 X\r\nLink: </x>\r\n\r\n", count: 50) + answer)
        table.taken("100 before 404", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\n\(rest)", 404)
        table.taken("100 before 204", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 204, body: "")
        table.taken("103 before chunks", "HTTP/1.1 103 X\r\nLink: x\r\n\r\n\(ok)\(chunked)1a\r\n\(json)\r\n0\r\n\r\n")
        table.either(
            "a length in the interim answer", "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n\(answer)", 200,
            body: json)
        table.either(
            "chunks promised in the interim answer", "HTTP/1.1 103 X\r\nTransfer-Encoding: chunked\r\n\r\n\(answer)",
            200, body: json)
        table.either(
            "an interim answer with a body", "HTTP/1.1 103 X\r\nContent-Length: 5\r\n\r\nhello\(answer)", 200,
            body: json)
        table.either(
            "Connection: close in the interim answer", "HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\n\(answer)",
            200, body: json)
        table.refused("100 and no more", "HTTP/1.1 100 Continue\r\n\r\n")
        table.refused("103 and no more", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
        table.refused("100, then half a status line", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 20")
        table.refused("100, then a status line only", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
        table.refused("100, then something else", "HTTP/1.1 100 Continue\r\n\r\n220 mail.example.com ESMTP\r\n")
        table.either(
            "101, and the end", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        table.either(
            "101 to h2c, and frames",
            bytes: joined(utf8("HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n"), settingsFrame))
        table.row(
            "interim answers for ever",
            [.sendForEver(Array(String(repeating: "HTTP/1.1 103 X\r\nLink: </x>\r\n\r\n", count: 200).utf8))],
            .refused(RawAnswer.excessive))
    }

    /// What an HTTP/2 server says first.
    static let settingsFrame: [UInt8] = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100]

    /// Each is no HTTP from its first bytes on.
    private static func otherProtocols(_ table: inout Table) {
        table.refused("SSH", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")
        table.refused("SMTP", "220 mail.example.com ESMTP Postfix\r\n")
        table.refused("FTP", "220 (vsFTPd 3.0.3)\r\n")
        table.refused("POP3", "+OK POP3 ready\r\n")
        table.refused("IMAP", "* OK [CAPABILITY IMAP4rev1] ready\r\n")
        table.refused("Redis", "-ERR wrong number of arguments for 'get' command\r\n")
        table.refused("memcached", "ERROR\r\n")
        table.refused("VNC", "RFB 003.008\n")
        table.refused("RTSP", "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\(rest)")
        table.refused("SIP", "SIP/2.0 200 OK\r\n\(rest)")
        table.refused("ICY", "ICY 200 OK\r\nicy-name: x\r\n\r\n")
        table.refused("AMQP 0-9-1", bytes: joined(utf8("AMQP"), [0, 0, 9, 1]))
        table.refused("a TLS alert", bytes: [0x15, 3, 1, 0, 2, 2, 0x16])
        table.refused("a TLS handshake", bytes: [0x16, 3, 3, 0, 4, 0x0E, 0, 0, 0])
        table.refused("HTTP/2 SETTINGS", bytes: settingsFrame)
        table.refused(
            "HTTP/2 SETTINGS and GOAWAY",
            bytes: joined(settingsFrame, [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]))
        table.refused("the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        table.refused("MySQL", bytes: joined([0x4A, 0, 0, 0, 0x0A], utf8("8.0.36"), [0, 8, 0, 0, 0, 0x3A, 0x5E]))
        table.refused("PostgreSQL", bytes: joined([0x45, 0, 0, 0, 0x0C], utf8("SFATAL"), [0, 0]))
        table.refused("a PROXY header", "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n\(ok)\(rest)")
        table.refused("a WebSocket frame", bytes: joined([0x81, 5], utf8("hello")))
        table.refused("zeros", bytes: [UInt8](repeating: 0, count: 5000))
        table.refused("line feeds", bytes: [UInt8](repeating: 0x0A, count: 5000))
        table.refused("0xFF", bytes: [UInt8](repeating: 0xFF, count: 300))
        table.refused("letters without a line end", bytes: [UInt8](repeating: 0x61, count: 1 << 20))
        for seed in 1...5 { table.refused("noise \(seed)", bytes: Self.noise(UInt64(seed), 4000)) }
    }

    private static func noise(_ seed: UInt64, _ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: seed)
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }
}
