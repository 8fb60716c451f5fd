internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
public import ServiceLifecycle

/// `GET /health`: 200 `ok`, or 503 with the reasons, one a line.
public struct HealthServer: Service {
    public struct BindError: Error, CustomStringConvertible {
        let address: String
        let reason: String
        public var description: String { "the health server cannot listen on \(self.address): \(self.reason). Set PORT (and HOST) to a free address" }
    }

    private let options: HealthServerOptions
    private let health: Health
    private let onListening: @Sendable (Int) -> Void

    /// - Parameter onListening: told the port, which matters where 0 was asked for.
    public init(_ options: HealthServerOptions, health: Health, onListening: @escaping @Sendable (Int) -> Void) {
        (self.options, self.health, self.onListening) = (options, health, onListening)
    }

    public func run() async throws {
        let health = self.health
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(HealthHandler(health: health))
                }
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.bind(host: self.options.host, port: self.options.port).get()
        } catch {
            throw BindError(address: "\(self.options.host):\(self.options.port)", reason: "\(error)")
        }
        self.onListening(channel.localAddress?.port ?? self.options.port)
        try await withGracefulShutdownHandler {
            try await channel.closeFuture.get()
        } onGracefulShutdown: {
            channel.close(promise: nil)
        }
    }
}

private final class HealthHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let health: Health
    private var request: HTTPRequestHead?

    init(health: Health) { self.health = health }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head): self.request = head
        case .body: break
        case .end:
            guard let request = self.request else { return }
            self.request = nil
            self.answer(request, context)
        }
    }

    private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let path = request.uri.prefix { $0 != "?" }
        let (status, text): (HTTPResponseStatus, String) =
            switch (request.method, path) {
            case (.GET, "/health"), (.HEAD, "/health"):
                {
                    let problems = self.health.problems
                    return problems.isEmpty ? (.ok, "ok") : (.serviceUnavailable, problems.joined(separator: "\n"))
                }()
            case (_, "/health"): (.methodNotAllowed, "only GET")
            default: (.notFound, "there is only /health")
            }
        var head = HTTPResponseHead(version: request.version, status: status)
        head.headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        head.headers.add(name: "Content-Length", value: String(text.utf8.count))
        head.headers.add(name: "Cache-Control", value: "no-store")
        if !request.isKeepAlive { head.headers.add(name: "Connection", value: "close") }
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD {
            context.write(self.wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(string: text)))), promise: nil)
        }
        let end = context.writeAndFlush(self.wrapOutboundOut(.end(nil)))
        if !request.isKeepAlive {
            let channel = context.channel
            end.whenComplete { _ in channel.close(promise: nil) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
