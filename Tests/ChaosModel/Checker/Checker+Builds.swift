/// One build, one pod, one end.
extension Checker {
    func violations(of build: BuildRecord) -> [Violation] {
        self.doubled(build) + self.stopped(build) + self.told(build) + (build.isAborted ? [] : self.fate(build))
    }

    /// A second pod may only be made when the first was deleted, and only an ended build's pods are deleted.
    private func doubled(_ build: BuildRecord) -> [Violation] {
        for (first, second) in zip(build.creations, build.creations.dropFirst()) {
            let isReplaced = build.requests.contains {
                $0.isDeletion && $0.seq > first.seq && $0.seq < second.seq && $0.t >= build.end?.t ?? .infinity
            }
            guard !isReplaced else { continue }
            let pods = build.creations.map { $0.pod ?? "?" }.joined(separator: ", ")
            return [Violation(.doubled, build: build.build, "pods created one after another: \(pods)")]
        }
        guard build.alivePods.count > 1 else { return [] }
        return [
            Violation(
                .doubled, build: build.build, "\(build.alivePods.count) pods are alive: \(build.alivePods.map(\.name))")
        ]
    }

    /// Every build that ends is stopped. A pod that was made when it had ended goes, too.
    private func stopped(_ build: BuildRecord) -> [Violation] {
        guard build.end != nil, let pod = build.alivePods.first,
            !self.attempts.areUsedUp(build.requests, by: { $0.method == "DELETE" })
        else { return [] }
        return [Violation(.stoppedButAlive, build: build.build, "pod \(pod.name) is \(pod.phase)")]
    }

    /// What the build API was told of it, and what it was not.
    private func told(_ build: BuildRecord) -> [Violation] {
        var violations: [Violation] = []
        if let end = build.endedByItself {
            let status = build.state?.status ?? "-"
            if let failure = build.requests.first(where: { $0.isFailure && $0.t > end.t }) {
                violations.append(
                    Violation(
                        .failedAfterItsEnd, build: build.build,
                        "it was \(status), and then: \(failure.body?.statusMessage ?? "")"))
            }
            for report in build.reports where report.isOfFailedBuild {
                violations.append(
                    Violation(
                        .reportedAfterItsEnd, build: build.build,
                        "it was \(status); worker \(report.worker) reports \(report.kind)"))
            }
        }
        if build.end == nil, let message = build.state?.erasedMessage {
            violations.append(Violation(.messageErased, build: build.build, "a question took \"\(message)\" away"))
        }
        return violations
    }

    private func fate(_ build: BuildRecord) -> [Violation] {
        switch build.fate.expectation {
        case .begins(let after): build.isFailed ? self.failedHealthy(build) : self.begun(build, after: after)
        case .ends(let status): build.isFailed ? self.failedHealthy(build) : self.ended(build, status)
        case .fails(let words): self.failed(build, words: words)
        }
    }

    /// Giving a build up is right only when its own requests were refused more often than the limit allows.
    private func wasGivenUpFairly(_ build: BuildRecord) -> Bool {
        self.attempts.areUsedUp(build.requests) { $0.isPodRequest && $0.method == "POST" }
            || self.attempts.areUsedUp(build.requests, by: \.isLook)
    }

    private func failedHealthy(_ build: BuildRecord) -> [Violation] {
        guard !self.wasGivenUpFairly(build) else { return [] }
        return [
            Violation(
                .failedWronglyHealthy, build: build.build, "it was to begin (\(build.fate.name)), but: \(build.cause)")
        ]
    }

    private func begun(_ build: BuildRecord, after seconds: Double) -> [Violation] {
        guard let creation = build.creations.last else {
            return [Violation(.lost, build: build.build, "no pod and no FAILURE (\(build.fate.name))")]
        }
        guard !build.alivePods.isEmpty else {
            return [
                Violation(.lost, build: build.build, "its pod is gone, though nobody stopped it (\(build.fate.name))")
            ]
        }
        let isVerified = build.verifications.contains {
            $0.isAnsweredWhole && $0.status == 200 && $0.seq > creation.seq && $0.t >= creation.t + seconds
        }
        return isVerified
            ? []
            : [
                Violation(
                    .neverVerified, build: build.build,
                    "nobody looked at its pods after it had begun (\(build.fate.name))")
            ]
    }

    /// Nobody need have looked: such a build is over before its timer fires.
    private func ended(_ build: BuildRecord, _ status: String) -> [Violation] {
        guard build.state?.status != status else { return [] }
        let pods = build.creations.isEmpty ? "no pod" : "its pod is gone before its time"
        return [
            Violation(
                .lost, build: build.build,
                "\(pods), and it is \(build.state?.status ?? "unknown") instead of \(status) (\(build.fate.name))")
        ]
    }

    private func failed(_ build: BuildRecord, words: String) -> [Violation] {
        guard build.isFailed else {
            let text =
                build.creations.isEmpty ? "no pod and no FAILURE" : "its pod can never begin, and it was not failed"
            return [
                Violation(
                    build.creations.isEmpty ? .lost : .notFailed, build: build.build, "\(text) (\(build.fate.name))")
            ]
        }
        guard !build.cause.contains(words), !self.wasGivenUpFairly(build) else { return [] }
        return [
            Violation(
                .wrongCause, build: build.build, "expected \"\(words)\" (\(build.fate.name)), but: \(build.cause)")
        ]
    }

    /// Builds that could begin and were failed after all, because chance met them more often than the limit allows.
    var givenUpFairly: Int {
        self.builds.count { build in
            switch build.fate.expectation {
            case .begins, .ends: build.isFailed && self.wasGivenUpFairly(build)
            case .fails: false
            }
        }
    }
}
