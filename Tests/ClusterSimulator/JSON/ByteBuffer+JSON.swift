import NIOCore

/// Writing JSON straight into the buffer that goes to the socket.
extension ByteBuffer {
    /// Writes a quoted and escaped JSON string.
    mutating func writeJSON(_ text: String) {
        writeInteger(UInt8(ascii: "\""))
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) {
            for byte in text.utf8 { writeEscaped(byte) }
        } else {
            writeString(text)
        }
        writeInteger(UInt8(ascii: "\""))
    }

    /// Writes a JSON string or `null`.
    mutating func writeJSON(_ text: String?) {
        if let text { writeJSON(text) } else { writeStaticString("null") }
    }

    /// Writes `,"key":"value"`; nothing when there is no value.
    mutating func writeMember(_ key: StaticString, _ value: String?) {
        guard let value else { return }
        writeStaticString(",\"")
        writeStaticString(key)
        writeStaticString("\":")
        writeJSON(value)
    }

    private mutating func writeEscaped(_ byte: UInt8) {
        switch byte {
        case 0x22: writeStaticString("\\\"")
        case 0x5C: writeStaticString("\\\\")
        case 0x0A: writeStaticString("\\n")
        case 0x0D: writeStaticString("\\r")
        case 0x09: writeStaticString("\\t")
        case 0..<0x20:
            let digits = String(byte, radix: 16)
            writeString("\\u00" + (digits.utf8.count == 1 ? "0" : "") + digits)
        default: writeInteger(byte)
        }
    }
}
