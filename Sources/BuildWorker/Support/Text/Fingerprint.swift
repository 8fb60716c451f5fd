/// A short identifier for bytes that must not be shown; equal bytes have equal fingerprints. Not cryptographic.
///
/// Not generic: other modules hash every message, and there generic code is not specialized, two calls a byte.
package struct Fingerprint: Hashable, Sendable {
    /// FNV-1a, 64 bits.
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    package init() {}

    package mutating func add(_ bytes: ArraySlice<UInt8>) {
        self.hash = bytes.reduce(self.hash) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    package mutating func add(_ bytes: [UInt8]) { self.add(bytes[...]) }

    package var text: String { self.hash.hexadecimal(digits: 16) }

    package static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var fingerprint = Fingerprint()
        fingerprint.add(bytes)
        return fingerprint.hash
    }

    package static func of(_ bytes: ArraySlice<UInt8>) -> String { self.hash(bytes).hexadecimal(digits: 16) }
    package static func of(_ bytes: [UInt8]) -> String { self.of(bytes[...]) }
}
