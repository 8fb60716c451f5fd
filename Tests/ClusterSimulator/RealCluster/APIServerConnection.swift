import NIOCore
import NIOHTTP1

/// One connection to the real API server: one request at a time, or one stream.
final class APIServerConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum Use {
        case free
        /// `answer` also hears whether the connection can be used again.
        case request(answer: (APIServer.Answer, Bool) -> Void)
        case stream(line: ([UInt8]) -> Void, ended: (APIServer.Answer) -> Void)
    }

    private var context: ChannelHandlerContext?
    private var use = Use.free
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()

    var isOpen: Bool { context?.channel.isActive == true }

    func send(_ request: APIServerRequest, answer: @escaping (APIServer.Answer, Bool) -> Void) {
        begin(.request(answer: answer), request)
    }

    func stream(
        _ request: APIServerRequest, line: @escaping ([UInt8]) -> Void, ended: @escaping (APIServer.Answer) -> Void
    ) {
        begin(.stream(line: line, ended: ended), request)
    }

    private func begin(_ use: Use, _ request: APIServerRequest) {
        self.use = use
        guard let context else { return end(.failure(APIServerProblem(description: "the connection was closed"))) }
        context.write(wrapOutboundOut(.head(request.head)), promise: nil)
        if let body = request.body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    // MARK: Reading

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ByteBuffer()
        case .body(var part):
            if body.readableBytes == 0 { body = part } else { body.writeBuffer(&part) }
            if case .stream(let line, _) = use, head?.status == .ok { takeLines(line) }
        case .end:
            let response = Response(status: Int(head?.status.code ?? 0), body: body)
            end(.success(response), isReusable: head?.isKeepAlive == true)
        }
    }

    private func takeLines(_ line: ([UInt8]) -> Void) {
        while let length = body.readableBytesView.firstIndex(of: UInt8(ascii: "\n")).map({ $0 - body.readerIndex }) {
            if let bytes = body.readBytes(length: length) { line(bytes) }
            body.moveReaderIndex(forwardBy: 1)
        }
        body.discardReadBytes()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.failure(APIServerProblem(description: "the connection was closed")))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.failure(APIServerProblem(description: "\(error)")))
        context.close(promise: nil)
    }

    private func end(_ answer: APIServer.Answer, isReusable: Bool = false) {
        let use = use
        self.use = .free
        head = nil
        body = ByteBuffer()
        switch use {
        case .free: break
        case .request(let tell): tell(answer, isReusable)
        case .stream(_, let ended):
            context?.close(promise: nil)
            ended(answer)
        }
    }
}
