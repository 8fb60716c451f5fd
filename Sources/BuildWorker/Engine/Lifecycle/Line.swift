internal import ServiceLifecycle
internal import Synchronization

/// What waits for one consumer, in order, given by those who must not wait themselves.
final class Line<Element: Sendable>: Sendable {
    private let limit: Int
    private let elements = Mutex<ArraySlice<Element>>([])
    private let wakeups = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// - Parameter limit: that may wait.
    init(limit: Int) { self.limit = limit }

    /// - Returns: `false` when so many wait that this one is left out.
    func add(_ element: Element) -> Bool {
        let isTaken = self.elements.withLock { elements in
            guard elements.count < self.limit else { return false }
            elements.append(element)
            return true
        }
        if isTaken { self.wakeups.continuation.yield() }
        return isTaken
    }

    /// Until the graceful shutdown; what was added by then is consumed first, also when cancelled.
    func consume(_ body: (Element) async -> Void) async {
        await withGracefulShutdownHandler {
            for await _ in self.wakeups.stream { await self.consumeWaiting(body) }
        } onGracefulShutdown: {
            self.wakeups.continuation.finish()
        }
        await self.consumeWaiting(body)
    }

    /// What waits now.
    func consumeWaiting(_ body: (Element) async -> Void) async {
        while let element = self.elements.withLock({ $0.popFirst() }) { await body(element) }
    }
}
