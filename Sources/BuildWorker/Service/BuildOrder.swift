/// Lets the messages of one build be handled one after another, and those of different builds at once.
actor BuildOrder {
    /// Builds in hand, and who waits for each, in order of arrival.
    private var waiting: [BuildID: [CheckedContinuation<Void, Never>]] = [:]

    nonisolated func alone<Result: Sendable>(with build: BuildID, _ body: @Sendable () async -> Result) async -> Result {
        await self.enter(build)
        let result = await body()
        await self.leave(build)
        return result
    }

    private func enter(_ build: BuildID) async {
        guard self.waiting[build] != nil else {
            self.waiting[build] = []
            return
        }
        await withCheckedContinuation { self.waiting[build]?.append($0) }
    }

    private func leave(_ build: BuildID) {
        guard var queue = self.waiting[build], !queue.isEmpty else {
            self.waiting[build] = nil
            return
        }
        let next = queue.removeFirst()
        self.waiting[build] = queue
        next.resume()
    }
}
