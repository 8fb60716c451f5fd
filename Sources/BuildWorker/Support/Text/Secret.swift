/// A value that must not be seen. It prints, reflects and interpolates as `<redacted>`.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The value itself. Every use of this word is a place where the secret may leave; keep them few.
    package let exposed: String

    package init(_ value: String) { self.exposed = value }

    package var isEmpty: Bool { self.exposed.isEmpty }
    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
