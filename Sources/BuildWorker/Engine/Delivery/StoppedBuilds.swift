internal import Synchronization
internal import Workflow

/// Builds stopped by this worker: a `start` that arrives after its `stop` does nothing. Bounded, oldest dropped first;
/// a retried start asks the build API as well.
final class StoppedBuilds: Sendable {
    private struct State {
        var builds: Set<BuildID> = []
        var order: [BuildID] = []
        var oldest = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    init(capacity: Int = 10_000) { self.capacity = capacity }

    func contains(_ build: BuildID) -> Bool { self.state.withLock { $0.builds.contains(build) } }

    func insert(_ build: BuildID) {
        self.state.withLock { state in
            guard state.builds.insert(build).inserted else { return }
            guard state.order.count == self.capacity else { return state.order.append(build) }
            state.builds.remove(state.order[state.oldest])
            state.order[state.oldest] = build
            state.oldest = (state.oldest + 1) % self.capacity
        }
    }
}
