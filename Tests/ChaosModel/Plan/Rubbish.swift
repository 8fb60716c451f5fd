/// A message that nobody can read. It must end in the parked queue, as it is.
package struct Rubbish: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case cutShort, noBuildConfig, unknownJob, notAnObject, notUTF8, noToken, badBuildID, badAddress
    }

    /// Stands in the body, so that no two are alike.
    package let name: String
    package let kind: Kind
    package let at: Double
    /// Whether it goes to the retry queue instead of the build queue.
    package let isForRetryQueue: Bool

    init(_ number: Int, window: Double, using random: inout SplitMix64) {
        self.name = "rubbish-\(number)"
        // In turn, so that a small run has every kind too.
        self.kind = Kind.allCases[number % Kind.allCases.count]
        self.at = random.tenths(0...window)
        self.isForRetryQueue = random.chance(0.4)
    }

    /// - Parameter token: a secret that no log may show.
    package func body(token: String) -> [UInt8] {
        let start = #""job":"start","marker":"\#(self.name)""#
        return switch self.kind {
        case .cutShort: Array(#"{\#(start),"buildConfig":{"buildId":1,"token":"\#(token)"#.utf8)
        case .noBuildConfig: Array(#"{\#(start),"token":"\#(token)"}"#.utf8)
        case .unknownJob:
            Array(#"{"job":"dance","marker":"\#(self.name)","buildConfig":{"buildId":1,"token":"\#(token)"}}"#.utf8)
        case .notAnObject: Array(#"["\#(self.name)","\#(token)"]"#.utf8)
        case .notUTF8: Array(#"{\#(start),"token":"\#(token)"#.utf8) + [0xFF, 0xFE] + Array(#""}"#.utf8)
        case .noToken:
            Array(#"{\#(start),"buildConfig":{"buildId":1,"container":"a","apiUri":"http://127.0.0.1"}}"#.utf8)
        case .badBuildID: Array(#"{\#(start),"buildConfig":{"buildId":-7,"token":"\#(token)"}}"#.utf8)
        case .badAddress:
            Array(
                #"{\#(start),"buildConfig":{"buildId":1,"container":"a","apiUri":"ftp://127.0.0.1","token":"\#(token)"}}"#
                    .utf8)
        }
    }
}
