internal import BuildWorker
internal import Support
internal import Synchronization

/// Time that passes when a test says so.
package final class ManualClock: MonotonicClock, Sendable {
    package typealias Instant = ContinuousClock.Instant

    private struct Sleeper {
        let end: Instant
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = ContinuousClock.now
        var lastID = 0
        var sleepers: [Int: Sleeper] = [:]
        /// Cancelled before they slept.
        var cancelled: Set<Int> = []
        var watchers: [(id: Int, count: Int, continuation: CheckedContinuation<Void, Never>)] = []

        /// Whoever waits for as many sleepers as there are now.
        mutating func satisfied() -> [CheckedContinuation<Void, Never>] {
            let count = self.sleepers.count
            let satisfied = self.watchers.filter { $0.count <= count }
            self.watchers.removeAll { $0.count <= count }
            return satisfied.map(\.continuation)
        }
    }

    private let state = Mutex(State())

    package init() {}

    package var now: Instant { self.state.withLock { $0.now } }
    package var minimumResolution: Duration { .zero }

    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let id = self.state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enum Turn { case over, cancelled, asleep([CheckedContinuation<Void, Never>]) }
                let turn = self.state.withLock { state -> Turn in
                    if state.cancelled.remove(id) != nil { return .cancelled }
                    guard deadline > state.now else { return .over }
                    state.sleepers[id] = Sleeper(end: deadline, continuation: continuation)
                    return .asleep(state.satisfied())
                }
                switch turn {
                case .over: continuation.resume()
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .asleep(let watchers): watchers.forEach { $0.resume() }
                }
            }
        } onCancel: {
            let sleeper = self.state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: id)
                if sleeper == nil { state.cancelled.insert(id) }
                return sleeper
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    /// Wakes whoever's time is over by then. What they do next is not waited for.
    package func advance(by time: Duration) {
        let woken = self.state.withLock { state in
            state.now += time
            let due = state.sleepers.filter { $0.value.end <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.sorted { $0.end < $1.end }
        }
        woken.forEach { $0.continuation.resume() }
    }

    /// Waits until at least so many sleep, or the test is cancelled.
    package func sleepers(_ count: Int = 1) async {
        let id = self.state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isSatisfied = self.state.withLock { state in
                    if state.sleepers.count >= count || state.cancelled.remove(id) != nil { return true }
                    state.watchers.append((id, count, continuation))
                    return false
                }
                if isSatisfied { continuation.resume() }
            }
        } onCancel: {
            let watcher = self.state.withLock { state in
                let index = state.watchers.firstIndex { $0.id == id }
                if index == nil { state.cancelled.insert(id) }
                return index.map { state.watchers.remove(at: $0) }
            }
            watcher?.continuation.resume()
        }
    }

    /// Waits until somebody sleeps, and lets so much time pass.
    package func pass(_ time: Duration) async {
        await self.sleepers()
        self.advance(by: time)
    }
}
