internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import ServiceLifecycle

/// The read-only HTTP server for operators and probes. Responses contain no secrets. Clients may be hostile: one
/// response per connection, nothing is read after the request, and time and memory are bounded.
package struct OperatorServer: Service {
    /// By path, for example `/health`.
    package typealias Routes = [String: @Sendable () -> Answer]

    package struct BindError: Error, CustomStringConvertible {
        let address: String
        let reason: String
        let settings: String
        package var description: String {
            "the HTTP server cannot listen on \(self.address): \(self.reason). Set \(self.settings) to a free address"
        }
    }

    /// Limits for clients.
    package struct Limits: Sendable {
        /// At least 1. A further connection closes an older one.
        package var connections = 64
        /// From connecting to the complete request head.
        var headTimeout = Duration.seconds(5)
        /// Bytes.
        var headSize = 16_384
        /// Until the response is sent.
        var answerTimeout = Duration.seconds(30)

        package init(connections: Int = 64) { self.connections = connections }
    }

    private let options: ServerOptions
    private let settings: String
    private let names: OwnNames
    private let limits: Limits
    private let routes: Routes
    private let onListening: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - settings: the names of the address settings, for error messages.
    ///   - onListening: called with the port, which matters if 0 was configured.
    package init(
        _ options: ServerOptions, setBy settings: String, names: OwnNames, limits: Limits, routes: Routes,
        onListening: @escaping @Sendable (Int) -> Void
    ) {
        (self.options, self.settings, self.names, self.limits, self.routes, self.onListening) = (
            options, settings, names, limits, routes, onListening
        )
    }

    static func prepare(_ channel: any Channel, _ names: OwnNames, _ limits: Limits, _ routes: Routes) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([
            HeadLimit(limits.headSize), ByteToMessageHandler(HTTPRequestDecoder()), HTTPResponseEncoder(),
            OperatorHandler(routes, names, limits),
        ])
    }

    package func run() async throws {
        let (names, limits, routes) = (self.names, self.limits, self.routes)
        let visitors = Visitors(limit: limits.connections)
        // One event loop: connections are handled in order and use one thread at most.
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.next())
            // Leaves room for a probe during a burst of connections.
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Bounds what is read before the request is checked.
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4096))
            .childChannelInitializer { channel in
                visitors.enter(channel)
                return channel.eventLoop.makeCompletedFuture { try Self.prepare(channel, names, limits, routes) }
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.bind(host: self.options.host, port: self.options.port).get()
        } catch {
            throw BindError(
                address: "\(self.options.host):\(self.options.port)", reason: "\(error)", settings: self.settings)
        }
        self.onListening(channel.localAddress?.port ?? self.options.port)
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await channel.closeFuture.get()
        } onCancelOrGracefulShutdown: {
            channel.close(promise: nil)
        }
    }
}

private final class HeadLimit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private var left: Int

    init(_ size: Int) { self.left = size }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.left -= self.unwrapInboundIn(data).readableBytes
        if self.left < 0 {
            context.fireErrorCaught(HTTPParserError.headerOverflow)
        } else {
            context.fireChannelRead(data)
        }
    }
}

/// Responds to a connection's first request and closes it.
private final class OperatorHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let routes: OperatorServer.Routes
    private let names: OwnNames
    private let limits: OperatorServer.Limits
    private var deadline: Scheduled<Void>?
    private var isAnswered = false

    init(_ routes: OperatorServer.Routes, _ names: OwnNames, _ limits: OperatorServer.Limits) {
        (self.routes, self.names, self.limits) = (routes, names, limits)
    }

    func channelActive(context: ChannelHandlerContext) { self.allow(self.limits.headTimeout, context) }
    func channelInactive(context: ChannelHandlerContext) { self.deadline?.cancel() }

    /// Bytes after the request stay in the kernel, so the sender has to wait.
    func read(context: ChannelHandlerContext) { if !self.isAnswered { context.read() } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isAnswered, case .head(let request) = self.unwrapInboundIn(data) else { return }
        let (status, answer) = self.answer(request)
        self.send(status, answer, withBody: request.method != .HEAD, context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !self.isAnswered, error is HTTPParserError else { return context.close(promise: nil) }
        self.send(
            .badRequest,
            .text("this is no request of HTTP/1.1, or its head is longer than \(self.limits.headSize) bytes"),
            withBody: true, context)
    }

    private func answer(_ request: HTTPRequestHead) -> (HTTPResponseStatus, Answer) {
        let hosts = request.headers["Host"]
        // `Host` is optional before HTTP/1.1.
        guard hosts.count == 1 || hosts.isEmpty && request.version == .http1_0 else {
            return (.badRequest, .text("one header Host is needed"))
        }
        guard hosts.allSatisfy(self.names.contain) else {
            return (
                .misdirectedRequest,
                .text(
                    "asked by a name that is not known here: use the IP address or the host name, or add the name to STATUS_HOSTS"
                )
            )
        }
        guard let route = self.routes[String(request.uri.prefix { $0 != "?" })] else {
            return (.notFound, .text("there is only \(self.routes.keys.sorted().joined(separator: ", "))"))
        }
        guard request.method == .GET || request.method == .HEAD else { return (.methodNotAllowed, .text("only GET")) }
        let answer = route()
        return (answer.isOK ? .ok : .serviceUnavailable, answer)
    }

    private func send(_ status: HTTPResponseStatus, _ answer: Answer, withBody: Bool, _ context: ChannelHandlerContext)
    {
        self.isAnswered = true
        self.allow(self.limits.answerTimeout, context)
        var head = HTTPResponseHead(version: .http1_1, status: status)
        head.headers.add(name: "Content-Type", value: answer.contentType)
        head.headers.add(name: "Content-Length", value: String(answer.body.count))
        head.headers.add(name: "Cache-Control", value: "no-store")
        head.headers.add(name: "X-Content-Type-Options", value: "nosniff")
        if let policy = answer.contentSecurityPolicy {
            head.headers.add(name: "Content-Security-Policy", value: policy)
        }
        head.headers.add(name: "Connection", value: "close")
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        if withBody {
            context.write(
                self.wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: answer.body)))),
                promise: nil)
        }
        let channel = context.channel
        context.writeAndFlush(self.wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }

    private func allow(_ time: Duration, _ context: ChannelHandlerContext) {
        self.deadline?.cancel()
        let channel = context.channel
        self.deadline = context.eventLoop.scheduleTask(in: TimeAmount(time)) { channel.close(promise: nil) }
    }
}
