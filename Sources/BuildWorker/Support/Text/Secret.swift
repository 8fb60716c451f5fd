/// A value that must not be shown. It prints, reflects and interpolates as `<redacted>`.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The value itself. Each use is a place where the secret may leak; keep them few.
    package let exposed: String

    package init(_ value: String) { self.exposed = value }

    package var isEmpty: Bool { self.exposed.isEmpty }
    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
