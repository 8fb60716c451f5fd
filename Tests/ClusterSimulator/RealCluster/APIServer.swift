import NIOCore
import NIOHTTP1
import NIOPosix

/// A real API server, spoken to over plain HTTP/1.1 on this machine. Confined to the event loop.
final class APIServer {
    /// An answer, or why there is none.
    typealias Answer = Result<Response, APIServerProblem>

    let address: APIServerAddress
    let loop: NIOIsolatedEventLoop
    private let group: MultiThreadedEventLoopGroup
    private var idle: [APIServerConnection] = []

    init(_ address: APIServerAddress, group: MultiThreadedEventLoopGroup, loop: NIOIsolatedEventLoop) {
        self.address = address
        self.group = group
        self.loop = loop
    }

    /// Sends one request. It is never repeated: an answer that did not come may have had its effect.
    ///
    /// - Parameter token: whose right is asked for; nil: nobody's.
    func send(
        _ method: HTTPMethod, _ uri: String, token: String?, body: ByteBuffer? = nil,
        contentType: String = "application/json", accept: String? = nil,
        then answer: @escaping (Answer) -> Void
    ) {
        let request = APIServerRequest(
            method: method, uri: uri, host: address.host, token: token, body: body, contentType: contentType,
            accept: accept)
        withConnection { connection in
            switch connection {
            case .failure(let problem): answer(.failure(problem))
            case .success(let connection):
                connection.send(request) { [unowned self] result, isReusable in
                    if isReusable { idle.append(connection) }
                    answer(result)
                }
            }
        }
    }

    /// Opens a stream of lines on a connection of its own.
    ///
    /// - Parameter ended: called once, with the answer where it was not a stream.
    func stream(_ uri: String, token: String, line: @escaping ([UInt8]) -> Void, ended: @escaping (Answer) -> Void) {
        let request = APIServerRequest(
            method: .GET, uri: uri, host: address.host, token: token, body: nil, contentType: nil)
        connect { connection in
            switch connection {
            case .failure(let problem): ended(.failure(problem))
            case .success(let connection): connection.stream(request, line: line, ended: ended)
            }
        }
    }

    private func withConnection(_ use: @escaping (Result<APIServerConnection, APIServerProblem>) -> Void) {
        while let connection = idle.popLast() {
            if connection.isOpen { return use(.success(connection)) }
        }
        connect(use)
    }

    private func connect(_ use: @escaping (Result<APIServerConnection, APIServerProblem>) -> Void) {
        let connection = APIServerConnection()
        let confined = NIOLoopBound(connection, eventLoop: loop.nonisolated())
        ClientBootstrap(group: group)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(confined.value)
                }
            }
            .connect(host: "127.0.0.1", port: address.port)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success: use(.success(connection))
                case .failure(let error): use(.failure(APIServerProblem(description: "\(error)")))
                }
            }
    }
}

/// The API server did not answer.
struct APIServerProblem: Error, CustomStringConvertible {
    let description: String
}
