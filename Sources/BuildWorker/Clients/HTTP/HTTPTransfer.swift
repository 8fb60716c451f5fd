internal import CCurl
internal import Foundation
internal import FoundationNetworking
internal import Synchronization
internal import Workflow

/// One request in the engine, from submission to completion. Completes once.
///
/// Unchecked: mutable state belongs to the engine's thread. Others create it, submit it, and may call ``cancel()``.
final class HTTPTransfer: @unchecked Sendable {
    /// The receiver of the response. Closures are called on the engine's thread and must not block.
    enum Receiver: Sendable {
        case whole(@Sendable (Result<(HTTPURLResponse, Data), HTTPError>) -> Void)
        /// The head, then the body as it arrives.
        case stream(HTTPStream.Buffer)
    }

    /// Why we ended it ourselves.
    enum Abort { case cancelled, deadlinePassed, engineStopped, bodyTooLarge, headerTooLarge, notHTTP }

    enum State {
        /// → `waiting`, `underWay`, `ended`
        case new
        /// Waiting for another request of its service to end. → `underWay`, `ended`
        case waiting
        /// → `ended`
        case underWay(HTTPHandle)
        case ended
    }

    let request: URLRequest
    let service: HTTPService
    let receiver: Receiver
    let started = ContinuousClock.now
    /// For the whole response; for a stream, for its head and then for the next chunk.
    let timeLimit: Duration
    /// Between two chunks of a stream's body; `nil`: unlimited, while the peer's TCP stack acknowledges.
    let idleLimit: Duration?
    private let wasCancelled = Atomic(false)

    var state = State.new
    var deadline: ContinuousClock.Instant?
    private(set) var abort: Abort?
    private var head = HTTPHead()
    private(set) var headerBytes = 0
    private var body = Data()
    private(set) var isPaused = false
    init(_ request: URLRequest, _ service: HTTPService, idleLimit: Duration? = nil, _ receiver: Receiver) {
        (self.request, self.service, self.receiver) = (request, service, receiver)
        // Capped at a year, so that no clock overflows.
        self.timeLimit = .seconds(min(request.timeoutInterval, 31_536_000))
        self.idleLimit = idleLimit
        self.deadline = self.started + self.timeLimit
    }

    /// May reach the engine before the request does. From any thread.
    func cancel() { self.wasCancelled.store(true, ordering: .relaxed) }
    var isCancelled: Bool { self.wasCancelled.load(ordering: .relaxed) }

    // MARK: libcurl callbacks

    /// - Returns: whether to continue the transfer.
    func receive(header line: UnsafeRawBufferPointer) -> Bool {
        self.service.lastHeard = .now
        self.headerBytes += line.count
        guard self.headerBytes <= self.service.options.limits.headerBytes else {
            self.abort = .headerTooLarge
            return false
        }
        let wasWhole = self.head.isWhole
        do throws(HTTPHead.Problem) {
            try self.head.receive(line, limit: self.isStream ? .max : self.service.options.limits.bodyBytes)
        } catch {
            self.abort = error == .tooLarge ? .bodyTooLarge : .notHTTP
            return false
        }
        // A watch may be silent for minutes after its head.
        if self.isStream, !wasWhole, self.head.isWhole {
            self.tellHead()
            self.deadline = self.idleLimit.map { .now + $0 }
        }
        return true
    }

    enum Reception { case taken, pause, end }

    func receive(body bytes: UnsafeRawBufferPointer) -> Reception {
        self.service.lastHeard = .now
        switch self.receiver {
        case .whole:
            let (own, limits) = (self.body.count + bytes.count, self.service.options.limits)
            guard own <= limits.bodyBytes,
                own <= limits.bodyBytes / 16 || self.service.bodyBytes + bytes.count <= limits.bodiesBytes
            else {
                self.abort = .bodyTooLarge
                return .end
            }
            if self.body.isEmpty, let handle { self.body.reserveCapacity(min(handle.promisedBytes, 1 << 20)) }
            self.body.append(contentsOf: bytes)
            self.service.bodyBytes += bytes.count
        case .stream(let buffer):
            // libcurl keeps these bytes and passes them again.
            guard buffer.offer(bytes) else {
                (self.isPaused, self.deadline) = (true, nil)
                return .pause
            }
            self.deadline = self.idleLimit.map { .now + $0 }
        }
        return .taken
    }

    func resumed() {
        self.isPaused = false
        self.deadline = self.idleLimit.map { .now + $0 }
    }

    var isStream: Bool { if case .stream = self.receiver { true } else { false } }

    /// The head was passed to the stream's reader.
    var hasHead: Bool { self.isStream && self.head.isWhole }

    private func tellHead() {
        guard case .stream(let buffer) = self.receiver, let response else { return }
        if let measurements = self.handle?.measurements { self.service.countConnection(measurements) }
        buffer.begin(response)
    }

    /// `nil` if the head is incomplete.
    private var response: HTTPURLResponse? {
        guard let url = self.request.url, self.head.isWhole else { return nil }
        return HTTPURLResponse(
            url: url, statusCode: self.head.status, httpVersion: nil, headerFields: self.head.headers)
    }

    var handle: HTTPHandle? { if case .underWay(let handle) = self.state { handle } else { nil } }

    // MARK: Completion

    /// Completes the transfer. Our own reason takes precedence over libcurl's.
    func end(_ code: CURLcode, _ abort: Abort? = nil) {
        if case .ended = self.state { return }
        self.service.bodyBytes -= self.body.count
        self.abort = abort ?? self.abort
        let response = self.abort == nil && code == CURLE_OK ? self.response : nil
        let result: Result<HTTPURLResponse, HTTPError> =
            response.map { .success($0) } ?? .failure(HTTPError(self, code))
        let error: HTTPError? = if case .failure(let error) = result { error } else { nil }
        let measurements = self.handle?.measurements
        if let measurements {
            if !self.hasHead, self.handle?.isConnected == true { self.service.countConnection(measurements) }
            self.service.countBytes(measurements)
        }
        if error != nil { self.service.forgetClosedSockets() }
        self.service.onEnd(
            self.request.httpMethod ?? "", error.map { .failure($0) } ?? .success(self.head.status),
            .now - self.started, measurements)
        switch self.receiver {
        case .whole(let tell): tell(result.map { ($0, self.body) })
        case .stream(let buffer): buffer.end(error)
        }
        self.state = .ended
    }
}
