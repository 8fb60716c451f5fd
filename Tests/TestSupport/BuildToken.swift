internal import BuildWorker
internal import Foundation
internal import Support

/// The JSON web token of a build, as the controller puts it into the build's messages.
package enum BuildToken {
    /// How every such token begins, whatever it says: a log that shows this shows a token.
    package static let beginning = Self.encoded(#"{"alg":"RS256","typ":"JWT"}"#)

    /// One for all tokens of a process, so that the same arguments make the same token.
    private static let issued = Int(Date().timeIntervalSince1970)

    /// - Parameters:
    ///   - build: whose it is, and which alone it is good for.
    ///   - validFor: seconds; negative: it has expired.
    ///   - secret: stands for the signature, as it is; letters, digits, `-` and `_`.
    package static func make(_ build: Int, scope: String = "temporal", validFor: Int = 12 * 3600, secret: String)
        -> String
    {
        let claims: JSONValue = [
            "username": .number(String(build)), "buildId": .number(String(build)),
            "jobId": .number(String(build + 1_000_000)), "eventId": 77,
            "isPR": false, "pipelineId": 4242, "scmContext": "github:github.com", "scope": [.string(scope)],
            "iat": .number(String(self.issued)), "exp": .number(String(self.issued + validFor)),
            "jti": "7b3a1d0e-58cb-4a3e-9f0a-3b9d6a1e2c11",
        ]
        return [self.beginning, self.encoded(claims.text()), secret].joined(separator: ".")
    }

    private static func encoded(_ text: String) -> String {
        Data(text.utf8).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_").replacingOccurrences(
                of: "=", with: "")
    }
}
