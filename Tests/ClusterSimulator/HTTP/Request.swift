import NIOCore
import NIOHTTP1

/// One complete HTTP request. Headers are reduced to what the simulator looks at, so that no token can
/// reach the journal by accident.
struct Request {
    var method: HTTPMethod
    var uri: String
    /// Percent-decoded segments of the path: `["v4", "builds", "4711"]`.
    var path: [String]
    /// The text behind `?`, still encoded.
    var query: Substring
    var bearerToken: String?
    var contentType: String?
    var accept: String?
    var keepAlive: Bool
    var body: ByteBuffer

    init(head: HTTPRequestHead, body: ByteBuffer) {
        method = head.method
        uri = head.uri
        keepAlive = head.isKeepAlive
        self.body = body
        contentType = head.headers.first(name: "content-type")
        accept = head.headers.first(name: "accept")
        if let authorization = head.headers.first(name: "authorization"),
            authorization.utf8.count > 7, authorization.prefix(7).lowercased() == "bearer "
        {
            bearerToken = String(authorization.dropFirst(7))
        }
        let questionMark = uri.utf8.firstIndex(of: UInt8(ascii: "?"))
        query = questionMark.map { [uri] in uri[uri.utf8.index(after: $0)...] } ?? ""
        path = uri[..<(questionMark ?? uri.endIndex)].utf8
            .split(separator: UInt8(ascii: "/"))
            .map { Self.decoded(Substring($0)) }
    }

    /// The decoded value of a query parameter; nil when it is absent.
    func parameter(_ name: String) -> String? {
        for pair in query.utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard Self.decoded(Substring(parts[0])) == name else { continue }
            return parts.count > 1 ? Self.decoded(Substring(parts[1])) : ""
        }
        return nil
    }

    func isTrue(_ name: String) -> Bool {
        switch parameter(name) {
        case "1", "true", "True", "t", "": true
        default: false
        }
    }

    /// Undoes percent-encoding and `+` for space; an incomplete escape stays as it is.
    private static func decoded(_ text: Substring) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[index + 1...index + 2], as: UTF8.self), radix: 16)
            {
                result.append(value)
                index += 3
            } else {
                result.append(bytes[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
