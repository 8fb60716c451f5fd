/// Text from a message that becomes one name in a path.
package enum PathComponent {
    /// Whether the text, glued into a path, can lead neither elsewhere nor into a deeper directory.
    ///
    /// The empty text passes here; where it would name the directory above, ask ``isSingle(_:)``.
    package static func staysInside(_ text: String) -> Bool {
        text != "." && !text.utf8.contains { $0 == UInt8(ascii: "/") || $0 < 0x20 } && !text.contains("..")
    }

    /// Whether the text names exactly one entry of a directory.
    package static func isSingle(_ text: String) -> Bool { !text.isEmpty && Self.staysInside(text) }
}
