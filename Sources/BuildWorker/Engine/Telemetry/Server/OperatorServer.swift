internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import ServiceLifecycle

/// What people and machines ask the worker over HTTP: read only, and without a secret in any answer.
///
/// A visitor may be hostile, so none gets more than one answer a connection, and nothing is read behind its request: what is kept for a
/// connection is one request's head or one answer, and both only for a time.
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

    /// What visitors may take.
    package struct Limits: Sendable {
        /// At a time, at least 1. A further one is let in, and an older one is closed.
        package var connections = 64
        /// From the connection on until the request's head is there.
        var headTimeout = Duration.seconds(5)
        /// In bytes.
        var headSize = 16_384
        /// Until an answer has been taken.
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
    ///   - settings: that say where it listens.
    ///   - names: by which it may be asked.
    ///   - onListening: told the port, which matters where 0 was asked for.
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
        // One loop, so that visitors come in their order and take one thread at most.
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.next())
            // Room for a probe beside a crowd that comes all at once.
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // So little is read before a request is looked at.
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

/// A request's head is no longer than this.
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

/// Answers the first request of a connection and closes it.
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

    /// What comes behind a request stays with the kernel, and so with whoever sends it.
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
        // Before HTTP/1.1 there was none.
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
