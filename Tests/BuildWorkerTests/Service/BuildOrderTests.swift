import Synchronization
import Testing

@testable import BuildWorker

@Suite(.timeLimit(.minutes(1))) struct BuildOrderTests {
    /// Counts who is inside at once.
    private final class Room: Sendable {
        private let state = Mutex((inside: 0, most: 0, entered: 0))
        func enter() { self.state.withLock { ($0.inside, $0.entered, $0.most) = ($0.inside + 1, $0.entered + 1, max($0.most, $0.inside + 1)) } }
        func leave() { self.state.withLock { $0.inside -= 1 } }
        var most: Int { self.state.withLock { $0.most } }
        var entered: Int { self.state.withLock { $0.entered } }
    }

    @Test func messagesOfOneBuildComeOneAfterAnother() async {
        let (order, room) = (BuildOrder(), Room())
        await withDiscardingTaskGroup { group in
            for _ in 0..<200 {
                group.addTask {
                    await order.alone(with: BuildID(rawValue: 1)) {
                        room.enter()
                        await Task.yield()
                        room.leave()
                    }
                }
            }
        }
        #expect(room.most == 1)
        #expect(room.entered == 200)
    }

    @Test func differentBuildsDoNotWaitForEachOther() async {
        let order = BuildOrder()
        // Each waits inside for the other: were they handled one after another, neither would come out.
        let (left, right) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
        await withDiscardingTaskGroup { group in
            group.addTask {
                await order.alone(with: BuildID(rawValue: 1)) {
                    left.continuation.finish()
                    for await _ in right.stream {}
                }
            }
            group.addTask {
                await order.alone(with: BuildID(rawValue: 2)) {
                    right.continuation.finish()
                    for await _ in left.stream {}
                }
            }
        }
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
