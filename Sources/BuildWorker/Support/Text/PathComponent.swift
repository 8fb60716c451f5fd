/// Checks for text from a message that is used as one path component.
package enum PathComponent {
    /// Whether the text, inserted into a path, cannot escape its directory or add a deeper one.
    ///
    /// Accepts the empty text; where that would name the parent directory, use ``isSingle(_:)``.
    package static func staysInside(_ text: String) -> Bool {
        text != "." && !text.utf8.contains { $0 == UInt8(ascii: "/") || $0 < 0x20 } && !text.contains("..")
    }

    /// Whether the text names exactly one directory entry.
    package static func isSingle(_ text: String) -> Bool { !text.isEmpty && Self.staysInside(text) }
}
