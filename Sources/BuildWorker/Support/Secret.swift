/// A value that must not be seen. It prints, reflects and interpolates as `<redacted>`.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The value itself. Every use of this word is a place where the secret may leave; keep them few.
    public let exposed: String

    public init(_ value: String) { self.exposed = value }

    public var isEmpty: Bool { self.exposed.isEmpty }
    public var description: String { "<redacted>" }
    public var debugDescription: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
