import Synchronization
import Testing

@testable import BuildWorker

@Suite(.timeLimit(.minutes(1))) struct KeyedSerialQueueTests {
    /// Counts who is inside at once.
    private final class Room: Sendable {
        private let state = Mutex((inside: 0, most: 0, entered: 0))
        func enter() { self.state.withLock { ($0.inside, $0.entered, $0.most) = ($0.inside + 1, $0.entered + 1, max($0.most, $0.inside + 1)) } }
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
        let (order, room) = (KeyedSerialQueue<BuildID>(), Room())
        await withDiscardingTaskGroup { group in
            for _ in 0..<200 {
                group.addTask {
                    let place = order.join(BuildID(rawValue: 1))
                    await place.turn.wait()
                    room.enter()
                    await Task.yield()
                    room.leave()
                    order.leave(place)
                }
            }
        }
        #expect(room.most == 1)
        #expect(room.entered == 200)
    }

    @Test func differentBuildsDoNotWaitForEachOther() async {
        let order = KeyedSerialQueue<BuildID>()
        // Each waits inside for the other: were they handled one after another, neither would come out.
        let (left, right) = (AsyncStream<Void>.makeStream(), AsyncStream<Void>.makeStream())
        await withDiscardingTaskGroup { group in
            group.addTask {
                let place = order.join(BuildID(rawValue: 1))
                await place.turn.wait()
                left.continuation.finish()
                for await _ in right.stream {}
                order.leave(place)
            }
            group.addTask {
                let place = order.join(BuildID(rawValue: 2))
                await place.turn.wait()
                right.continuation.finish()
                for await _ in left.stream {}
                order.leave(place)
            }
        }
    }

    @Test func theOrderIsThatOfJoining() async {
        let order = KeyedSerialQueue<BuildID>()
        let seen = Journal()
        let places = (0..<50).map { _ in order.join(BuildID(rawValue: 1)) }
        await withDiscardingTaskGroup { group in
            for (number, place) in places.enumerated().reversed() {
                group.addTask {
                    await place.turn.wait()
                    seen.add(number)
                    order.leave(place)
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
