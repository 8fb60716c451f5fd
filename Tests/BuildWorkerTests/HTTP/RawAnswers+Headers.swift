@testable import BuildWorker

extension RawAnswers {
    /// What a line may look like.
    static func headers(_ table: inout Table) {
        table.taken("lower-case names", "\(ok)content-type: application/json\r\ncontent-length: 26\r\n\r\n\(json)")
        table.taken("upper-case names", "\(ok)CONTENT-TYPE: application/json\r\nCONTENT-LENGTH: 26\r\n\r\n\(json)")
        table.taken(
            "no space after the colon", "\(ok)Content-Type:application/json\r\nContent-Length:26\r\n\r\n\(json)")
        table.taken("a tab after the colon", "\(ok)X-A:\t1\r\nContent-Length:\t26\r\n\r\n\(json)")
        table.taken("spaces around values", "\(ok)X-A:     1    \r\nContent-Length:   26   \r\n\r\n\(json)")
        table.taken("no value", "\(ok)X-A:\r\nX-B: \r\n\(rest)")
        table.taken("a value of colons", "\(ok)X-A: ::::a:b\r\n\(rest)")
        table.taken("a name of all that a name may be", "\(ok)!#$%&'*+-.^_`|~09azAZ: 1\r\n\(rest)")
        table.taken("a name with an underscore", "\(ok)x_request_id: 1\r\n\(rest)")
        table.taken("Latin-1", bytes: joined(utf8("\(ok)X-Note: caf"), [0xE9], utf8("\r\n\(rest)")))
        table.taken(
            "every byte above 0x7F", bytes: joined(utf8("\(ok)X-Note: "), Array(0x80...0xFF), utf8("\r\n\(rest)")))
        table.taken("UTF-8", "\(ok)X-Note: größer 🐋\r\n\(rest)")
        table.taken("a folded line", "\(ok)X-A: 1\r\n 2\r\n\t3\r\n\(rest)")
        table.taken("bare line feeds", "HTTP/1.1 200 OK\nContent-Type: application/json\nContent-Length: 26\n\n\(json)")
        table.taken("line ends of both kinds", "HTTP/1.1 200 OK\r\nX-A: 1\nX-B: 2\r\nContent-Length: 26\n\r\n\(json)")
        table.taken(
            "Content-Type twice",
            "\(ok)Content-Type: application/json\r\nContent-Type: text/html; charset=\"utf-8\"\r\n\(rest)")
        table.taken("no Content-Type", "\(ok)\(rest)")
        table.taken("a Content-Type that is none", "\(ok)Content-Type: ;;=\"\r\n\(rest)")
        table.taken(
            "dates that are none",
            "\(ok)Date: yesterday\r\nLast-Modified: 0\r\nExpires: -1\r\nAge: 99999999999999999999\r\n\(rest)")
        table.either(
            "a folded line with a length in it", "\(ok)X-A: 1\r\n Content-Length: 5\r\n\(rest)", 200, body: json)
        table.either("a folded length", "\(ok)Content-Length:\r\n 26\r\n\r\n\(json)", 200, body: json)
        table.either("the first line folded", "\(ok) X-A: 1\r\n\(rest)", 200, body: json)
        table.either("no name", "\(ok): 1\r\n\(rest)", 200, body: json)
        table.either("a space in the name", "\(ok)X Bad: 1\r\n\(rest)", 200, body: json)
        table.either("a space before the colon", "\(ok)X-A : 1\r\n\(rest)", 200, body: json)
        table.either("a space before the length's colon", "\(ok)Content-Length : 26\r\n\r\n\(json)", 200, body: json)
        table.either(
            "a control character in the value", "\(ok)X-A: \u{1}\u{7}\u{1B}[31m\u{7F}\r\n\(rest)", 200, body: json)
        table.either(
            "Latin-1 in the name", bytes: joined(utf8("\(ok)X-Caf"), [0xE9], utf8(": 1\r\n\(rest)")), 200, body: json)
        table.either("a bare carriage return in the value", "\(ok)X-A: 1\r2\r\n\(rest)", 200, body: json)
        table.either("two carriage returns", "HTTP/1.1 200 OK\r\r\nContent-Length: 26\r\r\n\r\r\n\(json)")
        table.either(
            "quotes that do not end", "\(ok)Content-Disposition: attachment; filename=\"x\r\n\(rest)", 200, body: json)
        table.refused("no colon", "\(ok)garbage-line\r\n\(rest)")
        table.refused("no colon, in the last line", "\(ok)\(length)garbage-line\r\n\r\n\(json)")
        table.refused("a status line among the headers", "\(ok)HTTP/1.1 404 Not Found\r\n\(rest)")
        table.refused("NUL in the name", "\(ok)X-\0A: 1\r\n\(rest)")
        table.refused("NUL in the value", "\(ok)X-A: 1\0\r\n\(rest)")
        // libcurl passes over what it has read behind a NUL that begins a line: the body is then anything.
        table.either("NUL as a line", "\(ok)\0\r\n\(rest)", 200)
        table.refused("carriage returns for line ends", "HTTP/1.1 200 OK\rContent-Length: 26\r\r\(json)")
        table.refused("no empty line before the body", "\(ok)Content-Type: application/json\r\n\(length)\(json)")
    }

    static func headersThatAreMany(_ table: inout Table) {
        let line = String(repeating: "v", count: 60_000)
        table.taken("one of 60 kB", "\(ok)X-Big: \(line)\r\n\(rest)")
        table.taken("a name of 8 kB", "\(ok)\(String(repeating: "n", count: 8192)): 1\r\n\(rest)")
        table.taken("three of 60 kB", "\(ok)X-A: \(line)\r\nX-B: \(line)\r\nX-C: \(line)\r\n\(rest)")
        table.taken("5,000 small ones", "\(ok)\((1...5000).map { "X-\($0): \($0)\r\n" }.joined())\(rest)")
        table.taken("5,000 of one name", "\(ok)\(String(repeating: "Via: 1.1 x\r\n", count: 5000))\(rest)")
        table.taken("500 folded lines", "\(ok)X-A: 1\r\n\(String(repeating: " more\r\n", count: 500))\(rest)")
        table.taken(
            "200 cookies", "\(ok)\((1...200).map { "Set-Cookie: c\($0)=\($0); Path=/; HttpOnly\r\n" }.joined())\(rest)")
        let long = String(repeating: "v", count: 200_000)
        table.either(
            "one of 200 kB, which libcurl may find too long", "\(ok)X-Big: \(long)\r\n\(rest)", 200, body: json)
        // Above what a transport allows unless told otherwise.
        table.refused(
            "one of 300 kB", "\(ok)X-Big: \(String(repeating: "v", count: 300_000))\r\n\(rest)", RawAnswer.excessive)
        table.refused(
            "ten of 60 kB", "\(ok)\(String(repeating: "X-Big: \(line)\r\n", count: 10))\(rest)", RawAnswer.excessive)
        let small = utf8(String(repeating: "X-A: 1\r\n", count: 1000))
        let letters = [UInt8](repeating: 0x61, count: 8192)
        table.row("small ones for ever", [.send(utf8(ok)), .sendForEver(small)], .refused(RawAnswer.excessive))
        table.row("one for ever", [.send(utf8("\(ok)X-A: ")), .sendForEver(letters)], .refused(RawAnswer.excessive))
        table.row(
            "a reason for ever", [.send(utf8("HTTP/1.1 200 ")), .sendForEver(letters)], .refused(RawAnswer.excessive))
    }

    /// What browsers act upon, and this client does not.
    static func headersOfMeaning(_ table: inout Table) {
        for challenge in [
            "Bearer realm=\"x\", error=\"invalid_token\"", "Basic realm=\"x\"", "Basic",
            "Digest realm=\"x\", nonce=\"n\", qop=\"auth\", algorithm=MD5", "Digest", "Digest realm=\"x\", nonce=",
            "Negotiate",
            "Negotiate !!!not-base64", "NTLM", "NTLM TlRMTVNTUAACAAAA", "AWS4-HMAC-SHA256", "",
            ",", ", , ,", "Basic realm=\"",
            "Basic realm=\"x\", Digest realm=\"y\", nonce=\"n\", Negotiate, NTLM, Bearer", "\u{7F}\u{1}",
            String(repeating: "Basic realm=\"x\", ", count: 500),
        ] {
            table.taken(
                "401, \(challenge.prefix(60))",
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: \(challenge)\r\n\(rest)", 401)
        }
        table.taken(
            "401, several challenges",
            "HTTP/1.1 401 X\r\nWWW-Authenticate: Basic\r\nWWW-Authenticate: Negotiate\r\n\(rest)", 401)
        table.taken("401 without a challenge", "HTTP/1.1 401 Unauthorized\r\n\(rest)", 401)
        table.taken(
            "401, then the end", "HTTP/1.1 401 X\r\nWWW-Authenticate: NTLM\r\nConnection: close\r\n\(rest)", 401,
            then: .close)
        table.taken("407", "HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\(rest)", 407)
        table.taken(
            "a challenge with 200",
            "\(ok)WWW-Authenticate: Basic realm=\"x\"\r\nAuthentication-Info: nextnonce=\"x\"\r\n\(rest)")
        for location in [
            "https://sso.example.com/login", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x",
            "http://169.254.169.254/latest", "/", "", "//", "?",
            "http://", "http://[::1", "http://x:99999999/", "javascript:alert(1)", "caf\u{E9}",
            String(repeating: "/a", count: 8000),
        ] {
            table.taken(
                "302 to '\(location.prefix(40))'", "HTTP/1.1 302 Found\r\nLocation: \(location)\r\n\(rest)", 302)
        }
        for status in [301, 303, 305, 307, 308, 399] {
            let answer = "HTTP/1.1 \(status) X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
            table.taken("\(status) to elsewhere", answer, status, body: "")
        }
        table.taken("302 to two places", "HTTP/1.1 302 X\r\nLocation: http://a/\r\nLocation: http://b/\r\n\(rest)", 302)
        table.taken("302 to nowhere", "HTTP/1.1 302 Found\r\n\(rest)", 302)
        table.taken("201 with a location", "HTTP/1.1 201 Created\r\nLocation: /api/v1/x\r\n\(rest)", 201)
        table.taken("cookies", "\(ok)Set-Cookie: a=1; Path=/; Domain=.x\r\nSet-Cookie: ;;;=\r\nSet-Cookie: \r\n\(rest)")
        let strict = "Strict-Transport-Security: max-age=15552000"
        table.taken("what a CDN adds", "\(ok)Alt-Svc: h3=\":443\"; ma=86400\r\n\(strict)\r\nNEL: {\"a\":0}\r\n\(rest)")
        table.taken("Alt-Svc that is none", "\(ok)Alt-Svc: =;\"\r\nStrict-Transport-Security: max-age=\"\r\n\(rest)")
        table.taken("Alt-Svc: clear", "\(ok)Alt-Svc: clear\r\n\(rest)")
        table.taken("an offer of h2c", "\(ok)Upgrade: h2c\r\nConnection: Upgrade\r\n\(rest)")
        table.taken("426", "HTTP/1.1 426 Upgrade Required\r\nUpgrade: HTTP/2.0\r\nConnection: Upgrade\r\n\(rest)", 426)
        table.taken("417, although nothing was expected", "HTTP/1.1 417 Expectation Failed\r\n\(rest)", 417)
        table.taken("421", "HTTP/1.1 421 Misdirected Request\r\n\(rest)", 421)
        table.taken(
            "408 and the end", "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\(rest)", 408, then: .close)
        for value in ["close", "Close", "CLOSE, x", "keep-alive", "Keep-Alive, Upgrade", "", ",", "content-length"] {
            table.taken(
                "Connection: '\(value)'", "\(ok)Connection: \(value)\r\nKeep-Alive: timeout=0, max=x\r\n\(rest)")
        }
        table.taken(
            "Connection: close and keep-alive", "\(ok)Connection: close\r\nConnection: keep-alive\r\n\(rest)",
            then: .close)
        for value in [
            "120", "0", "-1", "99999999999999999999", "Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 9999 23:59:59 GMT",
            "soon", "", "1.5", "0x10",
        ] {
            table.taken(
                "Retry-After: '\(value)'", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: \(value)\r\n\(rest)", 429)
        }
        table.taken(
            "ranges", "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 5-9/100\r\nAccept-Ranges: bytes\r\n\(rest)",
            206)
        table.taken("a range that is none", "\(ok)Content-Range: bytes x-y/z\r\n\(rest)")
        table.taken("416", "HTTP/1.1 416 X\r\nContent-Range: bytes */100\r\n\(rest)", 416)
        table.taken(
            "old habits",
            "\(ok)Refresh: 0; url=http://x/\r\nPragma: no-cache\r\nP3P: CP=\"x\"\r\nPersistent-Auth: false\r\n\(rest)")
    }
}
