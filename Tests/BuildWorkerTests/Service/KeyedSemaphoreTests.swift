import Synchronization
import Testing

@testable import BuildWorker
@testable import Support
@testable import Workflow

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
        let (limits, running) = (KeyedSemaphore<String> { _ in 3 }, Running())
        await withTaskGroup { group in
            for _ in 1...500 {
                group.addTask {
                    await limits.join("start")?.wait()
                    running.begin()
                    await Task.yield()
                    running.end()
                    limits.leave("start")
                }
            }
        }
        #expect(running.most == 3)
        #expect(!limits.isFull("start"))
    }

    @Test func aStopDoesNotWaitBehindStarts() async {
        let limits = KeyedSemaphore<String> { _ in 1 }
        await limits.join("start")?.wait()
        #expect(limits.isFull("start"))
        await withTaskGroup { group in
            group.addTask {
                await limits.join("start")?.wait()
                limits.leave("start")
            }
            // Would not come back if it waited for the start that is being handled.
            await limits.join("stop")?.wait()
            limits.leave("stop")
            limits.leave("start")
        }
    }

    @Test func zeroAndUnknownHaveNoLimit() async {
        let limits = KeyedSemaphore<String>(ConcurrencyOptions())
        for _ in 1...100 { await limits.join("start")?.wait() }
        for _ in 1...100 { await limits.join("unread")?.wait() }
        #expect(!limits.isFull("start"))
    }
}

@Suite(.timeLimit(.minutes(1))) struct KeyedSerialTests {
    /// Counts who is inside at once.
    private final class Room: Sendable {
        private let state = Mutex((inside: 0, most: 0, entered: 0))
        func enter() {
            self.state.withLock {
                ($0.inside, $0.entered, $0.most) = ($0.inside + 1, $0.entered + 1, max($0.most, $0.inside + 1))
            }
        }
        func leave() { self.state.withLock { $0.inside -= 1 } }
        var most: Int { self.state.withLock { $0.most } }
        var entered: Int { self.state.withLock { $0.entered } }
    }

    private final class Journal: Sendable {
        private let state = Mutex<[Int]>([])
        func add(_ number: Int) { self.state.withLock { $0.append(number) } }
        var numbers: [Int] { self.state.withLock { $0 } }
    }

    @Test func messagesOfOneBuildComeOneAfterAnother() async {
        let (order, room) = (KeyedSemaphore<Int> { _ in 1 }, Room())
        await withDiscardingTaskGroup { group in
            for _ in 0..<200 {
                group.addTask {
                    await order.join(1)?.wait()
                    room.enter()
                    await Task.yield()
                    room.leave()
                    order.leave(1)
                }
            }
        }
        #expect(room.most == 1)
        #expect(room.entered == 200)
    }

    @Test func differentBuildsDoNotWaitForEachOther() async {
        let order = KeyedSemaphore<Int> { _ in 1 }
        // Each waits inside for the other: were they handled one after another, neither would come out.
        let (left, right) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
        await withDiscardingTaskGroup { group in
            group.addTask {
                await order.join(1)?.wait()
                left.continuation.finish()
                for await _ in right.stream {}
                order.leave(1)
            }
            group.addTask {
                await order.join(2)?.wait()
                right.continuation.finish()
                for await _ in left.stream {}
                order.leave(2)
            }
        }
    }

    @Test func theOrderIsThatOfJoining() async {
        let order = KeyedSemaphore<Int> { _ in 1 }
        let seen = Journal()
        let places = (0..<50).map { _ in order.join(1) }
        await withDiscardingTaskGroup { group in
            for (number, place) in places.enumerated().reversed() {
                group.addTask {
                    await place?.wait()
                    seen.add(number)
                    order.leave(1)
                }
            }
        }
        #expect(seen.numbers == Array(0..<50))
    }

    @Test func stoppedBuildsAreRememberedUpToABound() {
        let stopped = StoppedBuilds(capacity: 3)
        for build in 1...4 { stopped.insert(BuildID(rawValue: build)) }
        #expect(!stopped.contains(BuildID(rawValue: 1)), "the oldest is forgotten")
        for build in 2...4 { #expect(stopped.contains(BuildID(rawValue: build))) }
        stopped.insert(BuildID(rawValue: 4))
        #expect(stopped.contains(BuildID(rawValue: 2)), "telling twice forgets nobody")
    }
}
