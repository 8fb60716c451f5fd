import Synchronization
import Testing

@testable import BuildWorker
@testable import Support

@Suite struct AsyncReadWriteLockTests {
    private final class Inside: Sendable {
        private let state = Mutex((inside: 0, isAlone: false, most: 0))

        func enter(alone isAlone: Bool) {
            self.state.withLock { state in
                #expect(!state.isAlone, "somebody is alone inside")
                if isAlone { #expect(state.inside == 0, "alone among others") }
                state.inside += 1
                state.isAlone = isAlone
                state.most = max(state.most, state.inside)
            }
        }

        func leave() {
            self.state.withLock { state in
                state.inside -= 1
                state.isAlone = false
            }
        }

        var most: Int { self.state.withLock { $0.most } }
    }

    private final class Order: Sendable {
        private let state = Mutex<[String]>([])
        var names: [String] { self.state.withLock { $0 } }
        func append(_ name: String) { self.state.withLock { $0.append(name) } }
    }

    @Test func whoIsAloneIsAlone() async {
        let (lock, inside) = (AsyncReadWriteLock(), Inside())
        await withTaskGroup { group in
            for number in 1...2000 {
                group.addTask {
                    let isAlone = number % 10 == 0
                    if isAlone { await lock.joinExclusive().wait() } else { await lock.enterShared() }
                    inside.enter(alone: isAlone)
                    await Task.yield()
                    inside.leave()
                    lock.leave()
                }
            }
        }
        #expect(inside.most > 1, "others come in together")
        #expect(!lock.isClosed)
    }

    @Test func whoWaitsToBeAloneIsNotOvertaken() async {
        let lock = AsyncReadWriteLock()
        let order = Order()
        await lock.enterShared()
        await withTaskGroup { group in
            group.addTask {
                await lock.joinExclusive().wait()
                order.append("alone")
                lock.leave()
            }
            while !lock.isClosed { await Task.yield() }
            group.addTask {
                await lock.enterShared()
                order.append("other")
                lock.leave()
            }
            lock.leave()
        }
        #expect(order.names == ["alone", "other"])
    }
}
