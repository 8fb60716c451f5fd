internal import Support

/// Claims about the build in its token.
///
/// Not verified: the token comes with the message that provides everything else, and the build API verifies it.
struct TokenClaims: Hashable, Sendable {
    /// The parent job whose caches a pull request may read.
    let prParentJobID: String?
    let expiry: Timestamp?

    /// `nil` if the text is not a JSON Web Token.
    init?(_ token: Secret) {
        let parts = token.exposed.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Self.decode(base64URL: parts[1]) else { return nil }
        guard let claims = try? JSONValue(parsing: payload), claims.members != nil else { return nil }
        self.prParentJobID = claims["prParentJobId"].flatMap(BuildMessage.identifier)
        self.expiry = claims["exp"]?.integer.flatMap {
            (0..<1 << 40).contains($0) ? Timestamp(secondsSince1970: $0, milliseconds: 0) : nil
        }
    }

    private static func decode(base64URL text: some Sequence<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for character in text {
            let value: UInt8
            switch character {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = character - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = character - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - UInt8(ascii: "0") + 52
            case UInt8(ascii: "-"): value = 62
            case UInt8(ascii: "_"): value = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            bytes.append(UInt8(truncatingIfNeeded: bits >> count))
        }
        return bytes
    }
}
