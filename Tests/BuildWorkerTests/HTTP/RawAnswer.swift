@testable import BuildWorker
@testable import Clients

/// What a peer says to one request, byte for byte, and what is to be made of it.
struct RawAnswer: Sendable, CustomStringConvertible {
    enum Expected: Sendable {
        /// An answer: this status, this body.
        case taken(Int, [UInt8])
        /// An error of this one request.
        case refused(Set<HTTPError.Code>)
        /// Both can be defended. Where status or body is given, an answer must be that.
        case either(Int? = nil, [UInt8]? = nil)
    }

    /// What breaks off, is no HTTP, or is HTTP that cannot be understood.
    static let broken: Set<HTTPError.Code> = [.connectionReset, .truncated, .notHTTP]
    /// What has no end, or a length that is beyond all limits: it may be found too large, or broken by libcurl's own limits first.
    static let excessive = Self.broken.union([.tooLarge])

    let name: String
    let steps: [RawServer.Step]
    let expected: Expected
    /// Short where it is to be reached, otherwise far away.
    var deadline = Duration.seconds(20)

    var description: String { self.name }

    /// All that is sent, if it ends.
    var bytes: [UInt8]? {
        var bytes: [UInt8] = []
        for step in self.steps {
            switch step {
            case .send(let piece), .sendByteByByte(let piece): bytes += piece
            case .sendForEver, .made: return nil
            case .yield, .pause, .close, .reset, .hold: break
            }
        }
        return bytes
    }

    /// Whether it can be said byte by byte within reason.
    var isShort: Bool { self.bytes.map { $0.count < 400 } ?? false }

    /// The same bytes, each in a write of its own.
    var stepsByteByByte: [RawServer.Step] {
        self.steps.map { step in
            guard case .send(let bytes) = step else { return step }
            return .sendByteByByte(bytes)
        }
    }

    /// What is wrong with an outcome; `nil` if nothing is.
    func complaint(about outcome: Result<HTTPResponse, HTTPError>) -> String? {
        switch (self.expected, outcome) {
        case (.taken(let status, let body), .success(let response)):
            response.status == status && response.body == body ? nil : "taken as \(Self.words(response))"
        case (.taken, .failure(let error)): "refused: \(error)"
        case (.refused, .success(let response)): "taken as \(Self.words(response))"
        case (.refused(let codes), .failure(let error)):
            codes.contains(error.code) ? nil : "not an error of a right kind: \(error)"
        case (.either(let status, let body), .success(let response)):
            (status ?? response.status) == response.status && (body ?? response.body) == response.body
                ? nil : "taken as \(Self.words(response))"
        case (.either, .failure(let error)):
            Self.excessive.contains(error.code) ? nil : "not an error of a right kind: \(error)"
        }
    }

    private static func words(_ response: HTTPResponse) -> String {
        "\(response.status), \(response.body.count) bytes: \(String(decoding: response.body.prefix(100), as: UTF8.self))"
    }
}
