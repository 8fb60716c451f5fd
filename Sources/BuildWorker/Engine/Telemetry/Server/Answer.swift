internal import Support

/// The response to a `GET`.
package struct Answer: Sendable {
    /// 200 or 503.
    let isOK: Bool
    let contentType: String
    let body: [UInt8]
    /// The header `Content-Security-Policy`, for pages.
    var contentSecurityPolicy: String?

    init(isOK: Bool = true, contentType: String, body: [UInt8]) {
        (self.isOK, self.contentType, self.body) = (isOK, contentType, body)
    }

    static func text(_ text: String, isOK: Bool = true) -> Answer {
        Answer(isOK: isOK, contentType: "text/plain; charset=utf-8", body: Array(text.utf8))
    }

    static func json(_ document: JSONValue) -> Answer {
        Answer(contentType: "application/json; charset=utf-8", body: document.serialized())
    }

    /// 200 `ok`, or 503 with one reason per line; `notes` are no problems.
    static func verdict(_ problems: [String], notes: [String] = []) -> Answer {
        .text((problems.isEmpty ? ["ok"] + notes : problems).joined(separator: "\n"), isOK: problems.isEmpty)
    }
}
