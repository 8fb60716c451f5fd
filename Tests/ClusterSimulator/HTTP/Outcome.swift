import NIOCore

/// What becomes of a request on its connection.
enum Outcome {
    case answer(Response)
    /// The answer is known only after something else has finished, such as the binding of a port.
    case eventually(EventLoopFuture<Response>)
    /// The same where the event loop is ours alone.
    case deferred(DeferredOutcome)
    /// The head and half of the body are sent, then the connection is closed.
    case truncate(Response)
    /// Bytes that wrap the answer, or stand in its place.
    case raw(RawAnswer, Response)
    /// The connection is reset (RST) without an answer.
    case reset
    /// Nothing is ever sent. The connection is closed after some time if one is given.
    case hang(TimeAmount?)
    /// The connection becomes a watch.
    case watch(PodFilter, since: WatchStart, timeout: TimeAmount?)

    /// The status that the client will see; nil if it will see none.
    var status: Int? {
        switch self {
        case .answer(let response), .truncate(let response): response.status
        case .raw(let raw, let response): raw.kind.isLegal ? response.status : nil
        case .watch: 200
        case .reset, .hang, .eventually, .deferred: nil
        }
    }
}
