/// A short identifier for bytes that must not be shown; equal bytes have equal fingerprints. Not cryptographic.
package struct Fingerprint: Hashable, Sendable {

    package init() {}
    /// FNV-1a, 64 bits.
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    package mutating func add(_ bytes: some Sequence<UInt8>) {
        self.hash = bytes.reduce(self.hash) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    package var text: String { self.hash.hexadecimal(digits: 16) }

    package static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var fingerprint = Fingerprint()
        fingerprint.add(bytes)
        return fingerprint.hash
    }

    package static func of(_ bytes: some Sequence<UInt8>) -> String { self.hash(bytes).hexadecimal(digits: 16) }
}
