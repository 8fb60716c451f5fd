/// A build's number, assigned by its controller.
package struct BuildID: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    package var description: String { String(self.rawValue) }
}
