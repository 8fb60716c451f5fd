import Synchronization
import Testing

@testable import BuildWorker

@Suite struct KeyedSemaphoreTests {
    private final class Running: Sendable {
        private let state = Mutex((now: 0, most: 0))
        func begin() {
            self.state.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
            }
        }
        func end() { self.state.withLock { $0.now -= 1 } }
        var most: Int { self.state.withLock { $0.most } }
    }

    @Test func noMoreThanTheLimit() async {
        let (limits, running) = (KeyedSemaphore(["start": 3]), Running())
        await withTaskGroup { group in
            for _ in 1...500 {
                group.addTask {
                    await limits.acquire("start")
                    running.begin()
                    await Task.yield()
                    running.end()
                    limits.release("start")
                }
            }
        }
        #expect(running.most == 3)
        #expect(!limits.isFull("start"))
    }

    @Test func aStopDoesNotWaitBehindStarts() async {
        let limits = KeyedSemaphore(["start": 1, "stop": 1])
        await limits.acquire("start")
        #expect(limits.isFull("start"))
        await withTaskGroup { group in
            group.addTask {
                await limits.acquire("start")
                limits.release("start")
            }
            // Would not come back if it waited for the start that is being handled.
            await limits.acquire("stop")
            limits.release("stop")
            limits.release("start")
        }
    }

    @Test func zeroAndUnknownHaveNoLimit() async {
        let limits = KeyedSemaphore(["start": 0])
        for _ in 1...100 { await limits.acquire("start") }
        for _ in 1...100 { await limits.acquire("unread") }
        #expect(!limits.isFull("start"))
    }
}
