/// Bytes that the simulator sends by their name: around the answer to a request, or instead of it.
package struct RawAnswer: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case trailers, interim
        case noSpace = "no-space"
        case slowBytes = "slow-bytes"
        case halfHeaders = "half-headers"
        case cut, ssh
        case http2Frames = "http2-frames"
        case wrongLength = "wrong-length"
        case badChunk = "bad-chunk"
        case hugeHeader = "huge-header"
        case endless
        case gzipBomb = "gzip-bomb"

        /// Whether it is HTTP that a client has to take: then the request does not fail.
        package var isLegal: Bool {
            switch self {
            case .trailers, .interim, .noSpace, .slowBytes: true
            case .halfHeaders, .cut, .ssh, .http2Frames, .wrongLength, .badChunk, .hugeHeader, .endless, .gzipBomb:
                false
            }
        }
    }

    package let kind: Kind
    /// Whether the request has its effect. With a legal answer it has.
    package let isAfter: Bool

    private init(_ kind: Kind, using random: inout SplitMix64) {
        (self.kind, self.isAfter) = (kind, kind.isLegal || random.chance(0.5))
    }

    /// One legal answer and three broken ones, in any order.
    static func draw(using random: inout SplitMix64) -> [RawAnswer] {
        let legal = Kind.allCases.filter(\.isLegal).shuffled(using: &random).prefix(1)
        let broken = Kind.allCases.filter { !$0.isLegal }.shuffled(using: &random).prefix(3)
        return (legal + broken).shuffled(using: &random).map { RawAnswer($0, using: &random) }
    }
}

extension RawAnswer: CustomStringConvertible {
    package var description: String {
        self.kind.isLegal ? self.kind.rawValue : "\(self.kind.rawValue) \(self.isAfter ? "after" : "before") the effect"
    }
}
