/// What a JSON web token says of its bearer. Its signature is not looked at.
struct Credentials {
    private(set) var scope: [String] = []
    /// As it stands in the token, in JSON: the API compares a number with the id in the path, and a text is none.
    private(set) var username = ""
    private(set) var jobID = "1"

    /// Why a token is not taken, in the words of hapi and of its plugin for such tokens.
    enum Problem: String, Error {
        case missing = "Missing authentication"
        case malformed = "Invalid token format"
        case invalid = "Invalid token"
        case expired = "Expired token"
    }

    init(token: String?, now: Timestamp) throws(Problem) {
        guard let token, !token.isEmpty else { throw .missing }
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts.allSatisfy({ !$0.isEmpty }), let payload = Base64URL.decode(parts[1]),
            Base64URL.decode(parts[0]) != nil
        else {
            throw .malformed
        }
        var expiry: Double?
        do throws(JSONProblem) {
            try read(payload, &expiry)
        } catch {
            throw .malformed
        }
        guard let expiry, !scope.isEmpty, !username.isEmpty else { throw .invalid }
        guard now < Timestamp(microseconds: Int64(expiry * 1_000_000)) else { throw .expired }
    }

    private mutating func read(_ payload: [UInt8], _ expiry: inout Double?) throws(JSONProblem) {
        var scanner = JSONScanner(payload)
        try scanner.object { scanner, key throws(JSONProblem) in
            switch key {
            case "scope": try scanner.array { scanner throws(JSONProblem) in scope.append(try scanner.string()) }
            case "username": username = String(decoding: scanner.bytes[try scanner.skip()], as: UTF8.self)
            case "jobId": jobID = String(decoding: scanner.bytes[try scanner.skip()], as: UTF8.self)
            case "exp": expiry = try scanner.number("exp", in: 0...1e11)
            default: try scanner.skip()
            }
        }
        try scanner.end()
    }

    /// As the API prints it.
    var displayName: String { username.filter { $0 != "\"" } }

    /// Whether the token is a build's, the launcher's or the worker's: such a one is good for that build only.
    var isBuilds: Bool { scope.contains("build") || scope.contains("temporal") }
}
