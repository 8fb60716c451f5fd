import Glibc
import NIOCore
import NIOHTTP1

/// One TCP connection: collects requests, has them served one after another and carries out the outcome.
///
/// Answers are written as bytes rather than through NIO's response encoder; it is what makes tens of
/// thousands of requests a second possible on half a machine.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    /// Counts the connections of the process, for the journal.
    let id: Int
    private unowned let listener: Listener
    private var context: ChannelHandlerContext?
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var isBusy = false
    /// Pipelined requests that wait for the answer before them.
    private var waiting: [Request] = []
    /// Called once when the connection has gone, whoever closed it.
    var onClose: (() -> Void)?

    /// A kube-apiserver's limit, in bytes.
    private static let maximumBody = 3 * 1024 * 1024

    init(id: Int, listener: Listener) {
        self.id = id
        self.listener = listener
    }

    // MARK: Reading

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        listener.opened(self)
    }

    /// Comes for every connection, also for one that was dropped before it became active.
    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        waiting.removeAll()
        listener.closed(self)
        onClose?()
        onClose = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ByteBuffer()
            if head.headers.contains(name: "expect") {
                write(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n"))
            }
        case .body(var part):
            if body.readableBytes == 0 { body = part } else { body.writeBuffer(&part) }
            if body.readableBytes > Self.maximumBody {
                refuse(413, "RequestEntityTooLarge", "Request entity too large: limit is \(Self.maximumBody)")
            }
        case .end:
            guard let head else { return }
            self.head = nil
            let request = Request(head: head, body: body)
            body = ByteBuffer()
            if isBusy { waiting.append(request) } else { serve(request) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError {
            refuse(400, "BadRequest", "this is not an HTTP/1.1 request: \(error)")
        } else {
            context.close(promise: nil)
        }
    }

    private func refuse(_ status: Int, _ reason: String, _ message: String) {
        head = nil
        body = ByteBuffer()
        send(KubernetesStatus(code: status, reason: reason, message: message).response, keepAlive: false)
    }

    // MARK: Serving

    private func serve(_ request: Request) {
        isBusy = true
        let (outcome, delay) = listener.serve(request, from: self)
        if delay == .zero {
            perform(outcome, keepAlive: request.keepAlive)
        } else {
            listener.after(delay) { self.perform(outcome, keepAlive: request.keepAlive) }
        }
    }

    private func perform(_ outcome: Outcome, keepAlive: Bool) {
        guard let context else { return }
        switch outcome {
        case .answer(let response):
            send(response, keepAlive: keepAlive)
        case .eventually(let future):
            future.assumeIsolated().whenSuccess { self.send($0, keepAlive: keepAlive) }
        case .deferred(let deferred):
            deferred.whenResolved { self.perform($0, keepAlive: keepAlive) }
        case .truncate(let response):
            var half = response.body
            half.moveWriterIndex(to: half.readerIndex + half.readableBytes / 2)
            let head = response.head(keepAlive: keepAlive, allocator: context.channel.allocator)
            context.write(wrapOutboundOut(head), promise: nil)
            context.writeAndFlush(wrapOutboundOut(half), promise: nil)
            context.close(promise: nil)
        case .raw(let raw, let response):
            send(
                raw.pieces(of: response, keepAlive: keepAlive)[...], pause: raw.pause,
                keepAlive: keepAlive && raw.kind.isLegal)
        case .reset:
            reset()
        case .hang(let limit):
            if let limit { listener.after(limit) { self.close() } }
        case .watch(let filter, let start, let timeout):
            write(Response.streamHead())
            listener.watch(filter, since: start, on: self)
            if let timeout { listener.after(timeout) { self.endStream() } }
        }
    }

    private func send(_ response: Response, keepAlive: Bool) {
        guard let context else { return }
        let head = response.head(keepAlive: keepAlive, allocator: context.channel.allocator)
        context.write(wrapOutboundOut(head), promise: nil)
        context.writeAndFlush(wrapOutboundOut(response.body), promise: nil)
        answered(keepAlive: keepAlive)
    }

    /// Sends one piece when the one before has gone out, as fast as the client reads.
    private func send(_ pieces: ArraySlice<ByteBuffer>, pause: TimeAmount, keepAlive: Bool) {
        guard let context else { return }
        guard let piece = pieces.first else { return answered(keepAlive: keepAlive) }
        context.writeAndFlush(wrapOutboundOut(piece)).assumeIsolated().whenComplete { result in
            switch result {
            case .success:
                self.listener.after(pause) { self.send(pieces.dropFirst(), pause: pause, keepAlive: keepAlive) }
            case .failure: self.close()
            }
        }
    }

    private func answered(keepAlive: Bool) {
        guard keepAlive else { return close() }
        isBusy = false
        if !waiting.isEmpty { serve(waiting.removeFirst()) }
    }

    // MARK: Streams and ends

    /// Sends one chunk of a stream.
    func sendChunk(_ chunk: ByteBuffer) { write(Response.chunk(chunk)) }

    private func endStream() {
        write(ByteBuffer(string: "0\r\n\r\n"))
        close()
    }

    /// Closes in the ordinary way (FIN).
    func close() { context?.close(promise: nil) }

    /// Closes with a TCP reset: lingering for zero seconds makes the kernel send RST instead of FIN.
    private func reset() {
        guard let context else { return }
        if let options = context.channel as? any SocketOptionProvider {
            _ = options.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        context.close(promise: nil)
    }

    private func write(_ buffer: ByteBuffer) {
        context?.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }
}
