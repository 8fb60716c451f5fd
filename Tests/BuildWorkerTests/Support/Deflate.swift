/// Compressed bytes, made here: in stored blocks, which every decoder takes, or of one byte repeated.
enum Deflate {
    /// Of gzip: neither name nor time.
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]

    /// RFC 1952. At most 65,535 bytes.
    static func gzip(_ data: [UInt8]) -> [UInt8] {
        Self.header + Self.raw(data) + Self.littleEndian(Self.crc32(data)) + Self.littleEndian(UInt32(data.count))
    }

    /// RFC 1950, which is what `Content-Encoding: deflate` means.
    static func zlib(_ data: [UInt8]) -> [UInt8] {
        let header: [UInt8] = [0x78, 0x01]
        return header + Self.raw(data) + Self.littleEndian(Self.adler32(data).byteSwapped)
    }

    /// RFC 1951, which is what some send instead.
    static func raw(_ data: [UInt8]) -> [UInt8] {
        let length = UInt16(data.count)
        let header: [UInt8] = [1, UInt8(length & 0xFF), UInt8(length >> 8), UInt8(~length & 0xFF), UInt8(~length >> 8)]
        return header + data
    }

    /// gzip of some `size` times `x`, in a hundred and sixtieth of that: fixed codes (RFC 1951, 3.2.6), "258 more of the last byte" repeated.
    /// The checksum at its end is right only in its length: who reads as far has read too far.
    static func bomb(size: Int) -> [UInt8] {
        var bytes = Self.header
        var (held, count): (UInt32, UInt32) = (0, 0)
        func write(_ bits: UInt32, _ length: UInt32) {
            held |= bits << count
            count += length
            while count >= 8 {
                bytes.append(UInt8(truncatingIfNeeded: held))
                (held, count) = (held >> 8, count - 8)
            }
        }
        write(0b011, 3) // the last block, fixed codes
        write(0x15, 8) // the literal `x`
        for _ in 0..<(size / 258) { write(0xA3, 13) } // length 258, distance 1
        write(0, 7) // end of block
        write(0, 7)
        return bytes + [UInt8](repeating: 0, count: 8)
    }

    private static func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }

    private static func crc32(_ data: [UInt8]) -> UInt32 {
        var crc = UInt32.max
        for byte in data {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0xEDB8_8320 : crc >> 1 }
        }
        return ~crc
    }

    private static func adler32(_ data: [UInt8]) -> UInt32 {
        var (low, high): (UInt32, UInt32) = (1, 0)
        for byte in data {
            low = (low + UInt32(byte)) % 65521
            high = (high + low) % 65521
        }
        return high << 16 | low
    }
}
