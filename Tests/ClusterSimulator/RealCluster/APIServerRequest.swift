import NIOCore
import NIOHTTP1

/// A request to the real API server.
struct APIServerRequest {
    let head: HTTPRequestHead
    let body: ByteBuffer?

    init(
        method: HTTPMethod, uri: String, host: String, token: String?, body: ByteBuffer?, contentType: String?,
        accept: String? = nil
    ) {
        var headers: HTTPHeaders = [
            "host": host, "accept": accept ?? "application/json", "user-agent": "cluster-simulator",
        ]
        if let token { headers.add(name: "authorization", value: "Bearer \(token)") }
        let body = body.flatMap { $0.readableBytes > 0 ? $0 : nil }
        if let body, let contentType {
            headers.add(name: "content-type", value: contentType)
            headers.add(name: "content-length", value: String(body.readableBytes))
        }
        head = HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: headers)
        self.body = body
    }
}
