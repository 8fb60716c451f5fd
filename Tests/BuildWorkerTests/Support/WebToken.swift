import BuildWorker
import Foundation
import Support

/// A JSON web token with these claims; its signature is worth nothing.
func token(claims: JSONValue) -> String {
    func encoded(_ value: JSONValue) -> String {
        Data(value.serialized()).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_").replacingOccurrences(
                of: "=", with: "")
    }
    return [encoded(["alg": "RS256", "typ": "JWT"]), encoded(claims), "c2lnbmF0dXJl"].joined(separator: ".")
}
