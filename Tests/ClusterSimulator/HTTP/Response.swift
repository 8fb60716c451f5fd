import NIOCore
import NIOHTTP1

/// A complete answer.
struct Response {
    var status: Int
    var body: ByteBuffer
    var contentType: StaticString = "application/json"
    var location: String?
    /// In seconds.
    var retryAfter: Int?

    init(status: Int, body: ByteBuffer) {
        self.status = status
        self.body = body
    }

    /// An answer whose body is given as JSON text.
    init(status: Int, json: String) {
        self.init(status: status, body: ByteBuffer(string: json))
    }

    /// A plain text answer, as health checks give it.
    init(status: Int, text: String) {
        self.init(status: status, body: ByteBuffer(string: text))
        contentType = "text/plain; charset=utf-8"
    }

    /// What a kube-apiserver of 1.20 says to whom its priority and fairness, or its limit of requests in flight, turns away: no `Status`.
    static var tooManyRequests: Response {
        var response = Response(status: 429, text: "Too many requests, please try again later.\n")
        response.retryAfter = 1
        return response
    }

    static func redirect(to location: String) -> Response {
        var response = Response(status: 307, json: "{}")
        response.location = location
        return response
    }

    /// The status line and headers. Length is that of the whole body, even if only a part will be sent.
    func head(keepAlive: Bool, allocator: ByteBufferAllocator) -> ByteBuffer {
        var head = allocator.buffer(capacity: 192)
        Self.writeStatusLine(status, into: &head)
        head.writeStaticString("content-type: ")
        head.writeStaticString(contentType)
        head.writeStaticString("\r\ncontent-length: ")
        head.writeString(String(body.readableBytes))
        if let location { head.writeString("\r\nlocation: \(location)") }
        if let retryAfter { head.writeString("\r\nretry-after: \(retryAfter)") }
        head.writeStaticString(keepAlive ? "\r\n\r\n" : "\r\nconnection: close\r\n\r\n")
        return head
    }

    /// The status line and headers of a watch, whose events follow as chunks.
    static func streamHead() -> ByteBuffer {
        var head = ByteBuffer()
        writeStatusLine(200, into: &head)
        head.writeStaticString("content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
        return head
    }

    /// A chunk of a stream.
    static func chunk(_ data: ByteBuffer) -> ByteBuffer {
        var framed = ByteBuffer()
        framed.reserveCapacity(data.readableBytes + 16)
        framed.writeString(String(data.readableBytes, radix: 16))
        framed.writeStaticString("\r\n")
        framed.writeImmutableBuffer(data)
        framed.writeStaticString("\r\n")
        return framed
    }

    private static func writeStatusLine(_ status: Int, into head: inout ByteBuffer) {
        switch status {
        case 200: head.writeStaticString("HTTP/1.1 200 OK\r\n")
        case 201: head.writeStaticString("HTTP/1.1 201 Created\r\n")
        default:
            let reason = HTTPResponseStatus(statusCode: status).reasonPhrase
            head.writeString("HTTP/1.1 \(status) \(reason)\r\n")
        }
    }
}
