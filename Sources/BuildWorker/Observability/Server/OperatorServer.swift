internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
public import ServiceLifecycle

/// What people and machines ask the worker over HTTP: read only, and without a secret in any answer.
public struct OperatorServer: Service {
    /// By path, for example `/health`.
    public typealias Routes = [String: @Sendable () -> Answer]

    public struct BindError: Error, CustomStringConvertible {
        let address: String
        let reason: String
        public var description: String { "the HTTP server cannot listen on \(self.address): \(self.reason). Set PORT (and HOST) to a free address" }
    }

    private let options: ServerOptions
    private let routes: Routes
    private let onListening: @Sendable (Int) -> Void

    /// - Parameter onListening: told the port, which matters where 0 was asked for.
    public init(_ options: ServerOptions, routes: Routes, onListening: @escaping @Sendable (Int) -> Void) {
        (self.options, self.routes, self.onListening) = (options, routes, onListening)
    }

    public func run() async throws {
        let routes = self.routes
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 64)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(OperatorHandler(routes: routes))
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

private final class OperatorHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let routes: OperatorServer.Routes
    private var request: HTTPRequestHead?

    init(routes: OperatorServer.Routes) { self.routes = routes }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head): self.request = head
        case .body: break
        case .end:
            guard let request = self.request else { return }
            self.request = nil
            let (status, answer) = self.answer(request)
            self.send(status, answer, request, context)
        }
    }

    private func answer(_ request: HTTPRequestHead) -> (HTTPResponseStatus, Answer) {
        guard let route = self.routes[String(request.uri.prefix { $0 != "?" })] else {
            return (.notFound, .text("there is only \(self.routes.keys.sorted().joined(separator: ", "))"))
        }
        guard request.method == .GET || request.method == .HEAD else { return (.methodNotAllowed, .text("only GET")) }
        let answer = route()
        return (answer.isFine ? .ok : .serviceUnavailable, answer)
    }

    private func send(_ status: HTTPResponseStatus, _ answer: Answer, _ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        var head = HTTPResponseHead(version: request.version, status: status)
        head.headers.add(name: "Content-Type", value: answer.contentType)
        head.headers.add(name: "Content-Length", value: String(answer.body.count))
        head.headers.add(name: "Cache-Control", value: "no-store")
        head.headers.add(name: "X-Content-Type-Options", value: "nosniff")
        if let policy = answer.contentSecurityPolicy { head.headers.add(name: "Content-Security-Policy", value: policy) }
        if !request.isKeepAlive { head.headers.add(name: "Connection", value: "close") }
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD {
            context.write(self.wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: answer.body)))), promise: nil)
        }
        let end = context.writeAndFlush(self.wrapOutboundOut(.end(nil)))
        if !request.isKeepAlive {
            let channel = context.channel
            end.whenComplete { _ in channel.close(promise: nil) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
