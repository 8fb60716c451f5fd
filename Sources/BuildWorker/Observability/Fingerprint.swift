/// A short name for bytes that must not be shown: the same bytes have the same name. Not a cryptographic hash.
enum Fingerprint {
    static func of(_ bytes: [UInt8]) -> String {
        // FNV-1a, 64 bits.
        let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
