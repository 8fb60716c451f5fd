internal import Support
internal import Synchronization
internal import Workflow

/// Keeps unresponsive build APIs, whose addresses come from messages, from delaying other builds.
///
/// A responsive host has no limit. Hosts that have not answered yet share a part of the slots; failing hosts share
/// another, with one request each and growing pauses. A refused build is retried later, without using an attempt.
package final class FailingHosts: Sendable {
    package typealias Instant = ContinuousClock.Instant

    enum Admission: Equatable, Sendable {
        /// Call ``FailingHosts/leave(_:_:at:)`` afterwards.
        case admitted
        /// A request in flight will show the host's state: try again in a moment.
        case soon
        /// - Parameter cause: why the host counts as failing.
        case refused(cause: String)
    }

    enum Outcome: Equatable, Sendable {
        case answered
        case failed(cause: String)
        /// No request was sent.
        case unknown
    }

    private struct Host {
        /// It currently answers.
        var answers = false
        /// A single failure between answers may concern one request only.
        var hasFailed = false
        var failingSince: Instant?
        var cause = "it has not answered yet"
        var pause = Duration.seconds(1)
        var notBefore: Instant?
        var underWay = 0
        var lastBegan: Instant
        var lastWanted: Instant
    }

    /// How long others wait for a request in flight.
    private static let moment = Duration.seconds(1)
    private static let longestPause = Duration.seconds(30)
    /// Hosts not used for this long are forgotten: their messages are gone.
    private static let memory = Duration.seconds(3600)
    private static let limit = 1000

    private let share: Int
    private let hosts = Mutex<[String: Host]>([:])

    /// - Parameter prefetch: the maximum number of builds in flight.
    package init(prefetch: Int = 20) { self.share = max(1, prefetch / 4) }

    func enter(_ name: String, at now: Instant = .now) -> Admission {
        self.hosts.withLock { hosts in
            if hosts[name] == nil, hosts.count >= Self.limit {
                let idle = hosts.filter { $0.value.underWay == 0 }
                if let oldest = idle.min(by: { $0.value.lastWanted < $1.value.lastWanted }) { hosts[oldest.key] = nil }
            }
            var host = hosts[name] ?? Host(lastBegan: now, lastWanted: now)
            defer { hosts[name] = host }
            host.lastWanted = now
            if !host.answers {
                if let notBefore = host.notBefore, now < notBefore { return .refused(cause: host.cause) }
                let isFailing = host.failingSince != nil
                let others = hosts.values.reduce(0) {
                    $0 + (!$1.answers && ($1.failingSince != nil) == isFailing ? $1.underWay : 0)
                }
                guard others < self.share, !isFailing || host.underWay == 0 else {
                    return now < host.lastBegan + Self.moment ? .soon : .refused(cause: host.cause)
                }
            }
            host.underWay += 1
            host.lastBegan = now
            return .admitted
        }
    }

    func leave(_ name: String, _ outcome: Outcome, at now: Instant = .now) {
        self.hosts.withLock { hosts in
            guard var host = hosts[name] else { return }
            defer { hosts[name] = host }
            host.underWay -= 1
            switch outcome {
            case .answered:
                (host.answers, host.hasFailed, host.failingSince, host.notBefore, host.pause) = (
                    true, false, nil, nil, .seconds(1)
                )
            // Of several requests in flight only the first failure counts.
            case .failed where host.notBefore.map { now < $0 } ?? false: break
            case .failed where host.answers && !host.hasFailed: host.hasFailed = true
            case .failed(let cause):
                (host.answers, host.cause, host.notBefore, host.failingSince) = (
                    false, cause, now + host.pause, host.failingSince ?? now
                )
                host.pause = min(host.pause * 2, Self.longestPause)
            case .unknown: break
            }
        }
    }

    func isFailing(_ name: String) -> Bool { self.hosts.withLock { $0[name]?.failingSince != nil } }

    package func count(at now: Instant = .now) -> Int { self.failing(now).count }

    /// Descriptions of failing hosts: since when and why.
    package func notes(at now: Instant = .now) -> [String] {
        let failing = self.failing(now)
        var notes = failing.prefix(5).map { name, host in
            let time = (now - (host.failingSince ?? now)).formatted
            return
                "the build API at \(name.sanitizedForLog(limit: 100)) has failed for \(time), so builds that name it wait and others go on: \(host.cause)"
        }
        if failing.count > notes.count { notes.append("\(failing.count - notes.count) more build APIs fail") }
        return notes
    }

    private func failing(_ now: Instant) -> [(key: String, value: Host)] {
        self.hosts.withLock { $0.filter { $0.value.failingSince != nil && $0.value.lastWanted + Self.memory > now } }
            .sorted { ($0.value.failingSince ?? now, $0.key) < ($1.value.failingSince ?? now, $1.key) }
    }
}
