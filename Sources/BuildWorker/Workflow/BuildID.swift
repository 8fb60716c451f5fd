/// A build's number, given by its controller.
public struct BuildID: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    public var description: String { String(self.rawValue) }
}
