internal import Synchronization

/// Whether the worker can do its work, and what keeps it from it.
public final class Health: Sendable {
    private struct State {
        var isConsumingConnected = false
        var isPublishingConnected = false
        var blockedReason: String?
        /// Since when messages can be published, if they can.
        var canPublishSince: ContinuousClock.Instant?
        /// By queue: `nil` is consumed, text says why it is not.
        var queues: [String: String?] = [:]
        var retryQueue = RetryQueue.unknown
        /// Timers came back from the broker, which has no init queue or does not let this worker publish there.
        var keepsTimers = false
        /// The worker's own fault: token, rights, namespace. By what the cluster is called.
        var clusterFaults: [String: (text: String, at: ContinuousClock.Instant)] = [:]
        /// By service.
        var outages: [String: Outage] = [:]
        /// Workers on this disk died in a row, and it is not over.
        var crashLoop: CrashLoop?
        var isDraining = false
    }

    private enum RetryQueue: Hashable {
        /// Not consumed yet, nor refused.
        case unknown
        case usable
        /// The worker goes on without.
        case missing(reason: String)
    }

    /// A service that is away for everybody.
    struct Outage: Sendable {
        let cause: String
        let since: ContinuousClock.Instant
    }

    struct Connection: Sendable {
        /// `consume` or `publish`
        let role: String
        let isConnected: Bool
        /// Why the broker takes no messages on it.
        let blockedReason: String?
    }

    /// A fault that nobody has met again for so long may be mended; only another request would tell.
    private static let faultLifetime = Duration.seconds(120)

    private let state: Mutex<State>
    private let retryQueue: String?

    /// - Parameter retryQueue: the one of the queues that the worker can do without. Not among them it is switched off.
    public init(queues: [String], retryQueue: String? = nil) {
        self.retryQueue = retryQueue
        var state = State()
        if let retryQueue, !queues.contains(retryQueue) { state.retryQueue = .missing(reason: "RABBITMQ_RETRYQUEUE_ENABLED is off") }
        for queue in queues { state.queues[queue] = .some("not consumed yet") }
        self.state = Mutex(state)
    }

    /// - Returns: whether it says more than what was known.
    @discardableResult
    public func consuming(_ event: ConnectionEvent) -> Bool {
        self.state.withLock { state in
            switch event {
            case .connected: state.isConsumingConnected = true
            case .disconnected(let error, _):
                state.isConsumingConnected = false
                for queue in state.queues.keys { state.queues[queue] = .some("not consumed: \(error.description)") }
            case .consuming(let queue):
                state.queues[queue] = .some(nil)
                if queue == self.retryQueue { state.retryQueue = .usable }
            case .consumerLost(let queue, let code, let reason, _):
                state.queues[queue] = .some(reason)
                guard queue == self.retryQueue, let code, [403, 404, 405].contains(code) else { break }
                defer { state.retryQueue = .missing(reason: reason) }
                return state.retryQueue != .missing(reason: reason)
            case .stopped(let queue): state.queues[queue] = .some("paused")
            case .blocked, .unblocked, .channelRenewed, .publishingRefused: break
            }
            return true
        }
    }

    public func publishing(_ event: ConnectionEvent) {
        self.state.withLock { state in
            switch event {
            case .connected: (state.isPublishingConnected, state.blockedReason, state.canPublishSince) = (true, nil, .now)
            case .disconnected: (state.isPublishingConnected, state.blockedReason) = (false, nil)
            case .blocked(let reason): state.blockedReason = reason
            case .unblocked: (state.blockedReason, state.canPublishSince) = (nil, .now)
            case .consuming, .consumerLost, .stopped, .channelRenewed, .publishingRefused: break
            }
        }
    }

    /// - Parameters:
    ///   - name: for people.
    ///   - fault: `nil` when a request to it succeeded.
    func cluster(_ name: String, _ access: CircuitBreaker.Access, fault: String?) {
        // Who may look may still not create: one says nothing of the other.
        self.state.withLock { $0.clusterFaults[access == .write ? name : "\(name) (reading)"] = fault.map { ($0, .now) } }
    }

    /// - Parameter cause: `nil` when the service is back.
    func outage(of service: String, cause: String?) {
        self.state.withLock { state in state.outages[service] = cause.map { Outage(cause: $0, since: state.outages[service]?.since ?? .now) } }
    }

    func crashLoop(_ loop: CrashLoop?) { self.state.withLock { $0.crashLoop = loop } }

    public var isInCrashLoop: Bool { self.state.withLock { $0.crashLoop != nil } }

    /// By service.
    var outages: [String: Outage] { self.state.withLock { $0.outages } }
    var canPublishSince: ContinuousClock.Instant? { self.state.withLock { $0.canPublishSince } }
    var canPublish: Bool { self.state.withLock { $0.isPublishingConnected && $0.blockedReason == nil } }
    var isDraining: Bool { self.state.withLock { $0.isDraining } }
    /// By the name of each that is to be consumed: why it is not.
    var queues: [String: String?] { self.state.withLock { $0.queues } }

    var connections: [Connection] {
        self.state.withLock { state in
            [
                Connection(role: "consume", isConnected: state.isConsumingConnected, blockedReason: nil),
                Connection(role: "publish", isConnected: state.isPublishingConnected, blockedReason: state.blockedReason),
            ]
        }
    }

    /// What is published to the retry queue comes back, to this worker or another, as far as it knows.
    var canUseRetryQueue: Bool { self.state.withLock { $0.retryQueue == .usable } }

    /// What became of the last init timer: with the broker, or kept here because the broker has no queue for it.
    func initTimer(isKeptHere: Bool) { self.state.withLock { $0.keepsTimers = isKeptHere } }

    /// What the worker works without, and what that costs.
    public var notes: [String] {
        guard let queue = self.retryQueue else { return [] }
        let (state, keepsTimers) = self.state.withLock { ($0.retryQueue, $0.keepsTimers) }
        let cost = "A worker that loses its disk forgets them; builds are then found by their pods, up to an init timeout late"
        if case .missing(let reason) = state { return ["no retry queue (\(queue): \(reason)): this worker keeps init timers and verifies builds itself. \(cost)"] }
        return keepsTimers ? ["no init queue (or no right to publish there): this worker keeps init timers itself; 'worker topology apply' makes the queue. \(cost)"] : []
    }

    public func draining() { self.state.withLock { $0.isDraining = true } }

    /// Why the worker is not ready, the gravest first; empty when it is.
    public var problems: [String] { self.problems(withCauses: true) }

    /// - Parameter withCauses: with what a service said, which may name a build and its pod.
    func problems(withCauses: Bool) -> [String] {
        self.state.withLock { $0.crashLoop.map { [$0.description] } ?? [] } + self.hindrances(withCauses: withCauses)
    }

    /// The same without a crash loop, in which it works, if slowly.
    var hindrances: [String] { self.hindrances(withCauses: true) }

    private func hindrances(withCauses: Bool) -> [String] {
        let (faults, outages) = self.state.withLock { state in
            (
                state.clusterFaults.sorted { $0.key < $1.key }.filter { $0.value.at + Self.faultLifetime > .now }.map { "\($0.key): \(withCauses ? $0.value.text : "a request was refused")" },
                state.outages.sorted { $0.key < $1.key }.map { "\($0.key) is away, the intake is paused" + (withCauses ? ": \($0.value.cause)" : "") }
            )
        }
        // Where the worker itself pauses its queues, that they are paused says nothing more.
        let broker = self.brokerProblems.filter { outages.isEmpty || !$0.hasSuffix(": paused") }
        return outages + broker + faults
    }

    /// What keeps messages from coming and going.
    public var brokerProblems: [String] {
        self.state.withLock { state in
            var problems: [String] = []
            if state.isDraining { problems.append("draining") }
            if !state.isConsumingConnected {
                problems.append("not connected to RabbitMQ")
            } else {
                for (queue, reason) in state.queues.sorted(by: { $0.key < $1.key }) {
                    guard let reason else { continue }
                    if queue == self.retryQueue, case .missing = state.retryQueue { continue }
                    problems.append("queue \(queue): \(reason)")
                }
            }
            if !state.isPublishingConnected { problems.append("cannot publish: not connected to RabbitMQ") }
            if let reason = state.blockedReason { problems.append("RabbitMQ takes no messages: \(reason)") }
            return problems
        }
    }
}
