extension JSONValue {
    /// The document as compact UTF-8 text.
    package func serialized() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4096)
        self.append(to: &bytes)
        return bytes
    }

    /// The document as text: compact, or indented by two spaces per level.
    package func text(indented: Bool = false) -> String {
        guard indented else { return String(decoding: self.serialized(), as: UTF8.self) }
        var bytes: [UInt8] = []
        self.append(to: &bytes, indentation: 0)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `indentation` is the level; `nil` writes everything on one line.
    private func append(to bytes: inout [UInt8], indentation: Int? = nil) {
        switch self {
        case .null: bytes += "null".utf8
        case .bool(let flag): bytes += (flag ? "true" : "false").utf8
        case .number(let literal): bytes += literal.utf8
        case .string(let text): Self.appendString(text, to: &bytes)
        case .array(let elements):
            Self.appendList("[", elements, "]", to: &bytes, indentation) { element, bytes, inner in
                element.append(to: &bytes, indentation: inner)
            }
        case .object(let members):
            Self.appendList("{", members, "}", to: &bytes, indentation) { member, bytes, inner in
                Self.appendString(member.name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                if inner != nil { bytes.append(UInt8(ascii: " ")) }
                member.value.append(to: &bytes, indentation: inner)
            }
        }
    }

    private static func appendList<Item>(
        _ open: Unicode.Scalar, _ items: [Item], _ close: Unicode.Scalar, to bytes: inout [UInt8], _ indentation: Int?,
        _ append: (Item, inout [UInt8], Int?) -> Void
    ) {
        func newLine(_ level: Int?, _ bytes: inout [UInt8]) {
            guard let level else { return }
            bytes.append(0x0A)
            bytes += repeatElement(0x20, count: level * 2)
        }
        bytes.append(UInt8(ascii: open))
        let inner = indentation.map { $0 + 1 }
        for (index, item) in items.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            newLine(inner, &bytes)
            append(item, &bytes, inner)
        }
        if !items.isEmpty { newLine(indentation, &bytes) }
        bytes.append(UInt8(ascii: close))
    }

    package static func appendString(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        // Copy runs between escaped characters in one piece.
        text.withUTF8 { utf8 in
            var start = 0
            for (index, byte) in utf8.enumerated()
            where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(contentsOf: utf8[start..<index])
                self.appendEscape(byte, to: &bytes)
                start = index + 1
            }
            bytes.append(contentsOf: utf8[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func appendEscape(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case 0x0A: bytes += "\\n".utf8
        case 0x0D: bytes += "\\r".utf8
        case 0x09: bytes += "\\t".utf8
        case 0..<0x20:
            bytes += "\\u00".utf8
            bytes.append(Self.hexDigit(byte >> 4))
            bytes.append(Self.hexDigit(byte & 0xF))
        default:
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        }
    }

    private static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }
}
