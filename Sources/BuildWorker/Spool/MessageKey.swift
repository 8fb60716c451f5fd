internal import Support

/// Recognises a message that comes again, after a crash too, without reading it: reading may be what kills.
package struct MessageKey: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// What is larger is not read, and its first bytes and its size are enough to know it.
    private static let enough = 1 << 20

    package init(queue: String, body: [UInt8]) {
        self.description =
            "\(Fingerprint.of(body.prefix(Self.enough)))-\(String(body.count, radix: 16))-\(Fingerprint.of(Array(queue.utf8)).prefix(8))"
    }

    init(_ text: some StringProtocol) { self.description = String(text) }
}
