internal import Support

/// Identifies a redelivered message, even after a crash, without parsing it: parsing may be what crashes.
package struct MessageKey: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// Larger messages are not read; their first bytes and their size identify them.
    private static let enough = 1 << 20

    package init(queue: String, body: [UInt8]) {
        self.description =
            "\(Fingerprint.of(body.prefix(Self.enough)))-\(String(body.count, radix: 16))-\(Fingerprint.of(Array(queue.utf8)).prefix(8))"
    }

    init(_ text: some StringProtocol) { self.description = String(text) }
}
