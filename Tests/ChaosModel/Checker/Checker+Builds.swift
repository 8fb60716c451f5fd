/// One build, one pod, one end.
extension Checker {
    func violations(of build: BuildRecord) -> [Violation] {
        self.doubled(build) + (build.isStopped ? self.stopped(build) : self.fate(build))
    }

    /// A second pod may only be made when the first was deleted, and only a stopped or ended build's pods are deleted.
    private func doubled(_ build: BuildRecord) -> [Violation] {
        for (first, second) in zip(build.creations, build.creations.dropFirst()) {
            let isReplaced = build.requests.contains { $0.isDeletion && $0.seq > first.seq && $0.seq < second.seq }
            guard !isReplaced || !(build.isStopped || build.isFailed) else { continue }
            let pods = build.creations.map { $0.pod ?? "?" }.joined(separator: ", ")
            return [Violation(.doubled, build: build.build, "pods created one after another: \(pods)")]
        }
        guard build.alivePods.count > 1 else { return [] }
        return [Violation(.doubled, build: build.build, "\(build.alivePods.count) pods are alive: \(build.alivePods.map(\.name))")]
    }

    private func stopped(_ build: BuildRecord) -> [Violation] {
        guard let pod = build.alivePods.first, !self.attempts.areUsedUp(build.requests, by: { $0.method == "DELETE" }) else { return [] }
        return [Violation(.stoppedButAlive, build: build.build, "pod \(pod.name) is \(pod.phase)")]
    }

    private func fate(_ build: BuildRecord) -> [Violation] {
        switch build.fate.expectation {
        case .begins(let after): build.isFailed ? self.failedHealthy(build) : self.begun(build, after: after)
        case .fails(let words): self.failed(build, words: words)
        }
    }

    /// Giving a build up is right only when its own requests were refused more often than the limit allows.
    private func wasGivenUpFairly(_ build: BuildRecord) -> Bool {
        self.attempts.areUsedUp(build.requests) { $0.method == "POST" } || self.attempts.areUsedUp(build.requests, by: \.isList)
    }

    private func failedHealthy(_ build: BuildRecord) -> [Violation] {
        guard !self.wasGivenUpFairly(build) else { return [] }
        return [Violation(.failedWronglyHealthy, build: build.build, "it was to begin (\(build.fate.name)), but: \(build.cause)")]
    }

    private func begun(_ build: BuildRecord, after seconds: Double) -> [Violation] {
        guard let creation = build.creations.last else {
            return [Violation(.lost, build: build.build, "no pod and no FAILURE (\(build.fate.name))")]
        }
        guard !build.alivePods.isEmpty else {
            return [Violation(.lost, build: build.build, "its pod is gone, though nobody stopped it (\(build.fate.name))")]
        }
        let isVerified = build.requests.contains {
            $0.isList && $0.isAnsweredWhole && $0.status == 200 && $0.seq > creation.seq && $0.t >= creation.t + seconds
        }
        return isVerified ? [] : [Violation(.neverVerified, build: build.build, "its pods were never listed after it had begun (\(build.fate.name))")]
    }

    private func failed(_ build: BuildRecord, words: String) -> [Violation] {
        guard build.isFailed else {
            let text = build.creations.isEmpty ? "no pod and no FAILURE" : "its pod can never begin, and it was not failed"
            return [Violation(build.creations.isEmpty ? .lost : .notFailed, build: build.build, "\(text) (\(build.fate.name))")]
        }
        guard !build.cause.contains(words), !self.wasGivenUpFairly(build) else { return [] }
        return [Violation(.wrongCause, build: build.build, "expected \"\(words)\" (\(build.fate.name)), but: \(build.cause)")]
    }

    /// Builds that could begin and were failed after all, because chance met them more often than the limit allows.
    var givenUpFairly: Int {
        self.builds.count { build in
            guard case .begins = build.fate.expectation, !build.isStopped, build.isFailed else { return false }
            return self.wasGivenUpFairly(build)
        }
    }
}
