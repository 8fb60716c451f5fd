/// A short name for bytes that must not be shown: the same bytes have the same name. Not a cryptographic hash.
struct Fingerprint: Hashable, Sendable {
    /// FNV-1a, 64 bits.
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ bytes: some Sequence<UInt8>) { self.hash = bytes.reduce(self.hash) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } }

    var text: String {
        let digits = String(self.hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    static func of(_ bytes: some Sequence<UInt8>) -> String {
        var fingerprint = Fingerprint()
        fingerprint.add(bytes)
        return fingerprint.text
    }
}
