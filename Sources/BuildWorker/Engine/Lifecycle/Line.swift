internal import ServiceLifecycle
internal import Synchronization

/// A bounded FIFO queue for one consumer; producers never wait.
final class Line<Element: Sendable>: Sendable {
    private let limit: Int
    private let elements = Mutex<ArraySlice<Element>>([])
    private let wakeups = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// - Parameter limit: maximum queue length.
    init(limit: Int) { self.limit = limit }

    /// - Returns: `false` if the queue is full; the element is dropped.
    func add(_ element: Element) -> Bool {
        let isTaken = self.elements.withLock { elements in
            guard elements.count < self.limit else { return false }
            elements.append(element)
            return true
        }
        if isTaken { self.wakeups.continuation.yield() }
        return isTaken
    }

    /// Consumes until graceful shutdown; what was added by then is consumed, also when cancelled.
    func consume(_ body: (Element) async -> Void) async {
        await withGracefulShutdownHandler {
            for await _ in self.wakeups.stream { await self.consumeWaiting(body) }
        } onGracefulShutdown: {
            self.wakeups.continuation.finish()
        }
        await self.consumeWaiting(body)
    }

    func consumeWaiting(_ body: (Element) async -> Void) async {
        while let element = self.elements.withLock({ $0.popFirst() }) { await body(element) }
    }
}
