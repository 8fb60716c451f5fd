import NIOCore

/// An answer as bytes of its own making, below the rules that other answers keep.
struct RawAnswer {
    enum Kind: String, CaseIterable {
        // HTTP/1.1, though few servers talk so: a client has to take these.

        /// Chunked, with a `Trailer` header and a `Server-Timing` trailer.
        case trailers
        /// 100 Continue and 103 Early Hints, then the answer.
        case interim
        /// No space after a header's colon, and a header's value in Latin-1.
        case noSpace = "no-space"
        /// A few bytes at a time.
        case slowBytes = "slow-bytes"

        // No whole answer, and then the connection is closed.

        /// The status line.
        case halfHeaders = "half-headers"
        /// The first bytes of the answer.
        case cut
        /// The banner of an SSH server.
        case ssh
        /// What a server of HTTP/2 says first.
        case http2Frames = "http2-frames"
        /// A Content-Length beyond the body.
        case wrongLength = "wrong-length"
        /// A chunk whose size is no number.
        case badChunk = "bad-chunk"
        /// 1 MB of a header that does not end.
        case hugeHeader = "huge-header"
        /// 64 MB of a body that does not end.
        case endless
        /// 400 kB, though nobody asked for gzip, that are 64 MB when unpacked. Whole, as HTTP goes.
        case gzipBomb = "gzip-bomb"

        /// Whether a client has to take it.
        var isLegal: Bool {
            switch self {
            case .trailers, .interim, .noSpace, .slowBytes: true
            case .halfHeaders, .cut, .ssh, .http2Frames, .wrongLength, .badChunk, .hugeHeader, .endless, .gzipBomb:
                false
            }
        }
    }

    let kind: Kind
    /// How many bytes `cut` leaves, modulo the answer's length; nil: random.
    let position: Int?

    /// Between two pieces.
    var pause: TimeAmount { kind == .slowBytes ? .milliseconds(2) : .zero }

    /// What is sent, one write after another.
    func pieces(of response: Response, keepAlive: Bool) -> [ByteBuffer] {
        let head = String(buffer: response.head(keepAlive: keepAlive, allocator: ByteBufferAllocator()))
        let statusLine = String(head.prefix { $0 != "\r\n" }) + "\r\n"
        let length = response.body.readableBytes
        /// The head with another framing than its Content-Length.
        func framed(_ framing: String) -> ByteBuffer {
            ByteBuffer(string: head.replacing("content-length: \(length)", with: framing))
        }
        let plain = Self.joined([ByteBuffer(string: head), response.body])
        switch kind {
        case .trailers:
            let end = ByteBuffer(string: "0\r\nServer-Timing: total;dur=1.5\r\n\r\n")
            return [framed("transfer-encoding: chunked\r\ntrailer: Server-Timing"), Response.chunk(response.body), end]
        case .interim:
            let interim =
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n"
            return [ByteBuffer(string: interim), plain]
        case .noSpace:
            let headers = head.dropFirst(statusLine.count).replacing(": ", with: ":")
            let note = ByteBuffer(bytes: Array("x-note:caf".utf8) + [0xE9, 0x0D, 0x0A])
            return [Self.joined([ByteBuffer(string: statusLine), note, ByteBuffer(substring: headers), response.body])]
        case .slowBytes:
            // A long answer must not take longer than clients wait.
            return Self.pieces(of: plain, size: max(3, plain.readableBytes / 200))
        case .halfHeaders: return [ByteBuffer(string: statusLine)]
        case .cut: return [plain.getSlice(at: 0, length: (position ?? 0) % plain.readableBytes) ?? plain]
        case .ssh: return [ByteBuffer(string: "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n")]
        case .http2Frames: return [ByteBuffer(bytes: Self.settings)]
        case .wrongLength: return [framed("content-length: \(length + 100)"), response.body]
        case .badChunk:
            return [
                framed("transfer-encoding: chunked"), ByteBuffer(string: "zz\r\n"), response.body,
                ByteBuffer(string: "\r\n0\r\n\r\n"),
            ]
        case .hugeHeader: return [ByteBuffer(string: statusLine + "x-huge: ")] + Self.repeated("a", count: 16)
        case .endless:
            return [framed("transfer-encoding: chunked")] + Self.repeated(" ", count: 1024).map(Response.chunk)
        case .gzipBomb:
            return [framed("content-encoding: gzip\r\ncontent-length: \(Self.bomb.readableBytes)"), Self.bomb]
        }
    }

    // MARK: Bytes

    private static func joined(_ parts: [ByteBuffer]) -> ByteBuffer {
        var whole = ByteBuffer()
        for part in parts { whole.writeImmutableBuffer(part) }
        return whole
    }

    private static func pieces(of buffer: ByteBuffer, size: Int) -> [ByteBuffer] {
        var rest = buffer
        var pieces: [ByteBuffer] = []
        while let piece = rest.readSlice(length: min(size, rest.readableBytes)), piece.readableBytes > 0 {
            pieces.append(piece)
        }
        return pieces
    }

    /// So many times 64 kB, which share their memory.
    private static func repeated(_ character: Character, count: Int) -> [ByteBuffer] {
        Array(repeating: ByteBuffer(string: String(repeating: character, count: 65_536)), count: count)
    }

    /// A SETTINGS frame: 100 streams, a window of 1 MB, headers of 64 kB.
    private static let settings: [UInt8] = [
        0, 0, 18, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100, 0, 4, 0, 0x10, 0, 0, 0, 6, 0, 1, 0, 0,
    ]

    /// One block with deflate's fixed codes: a space, and 262,144 times the 258 bytes before. Eight of these fill 13 bytes.
    private static let bomb: ByteBuffer = {
        let matches: [UInt8] = [0x18, 0x05, 0xA3, 0x60, 0x14, 0x8C, 0x82, 0x51, 0x30, 0x0A, 0x46, 0xC1, 0x28]
        var bomb = ByteBuffer(bytes: [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 0x53])
        for _ in 0..<262_144 / 8 { bomb.writeBytes(matches) }
        bomb.writeBytes([0, 0])
        bomb.writeInteger(0x7E1B_6F00 as UInt32, endianness: .little)
        bomb.writeInteger(67_633_153 as UInt32, endianness: .little)
        return bomb
    }()
}
