internal import Clients
package import RabbitMQ
internal import Spool
internal import Synchronization

/// Whether the worker can do its work, and what keeps it from it.
package final class Health: Sendable {
    private struct State {
        var isConsumingConnected = false
        var isPublishingConnected = false
        var blockedReason: String?
        /// Since when messages can be published, if they can.
        var canPublishSince: ContinuousClock.Instant?
        var queues: [String: QueueState] = [:]
        var retryQueue = RetryQueue.unknown
        /// Timers came back from the broker, which has no init queue or does not let this worker publish there.
        var keepsTimers = false
        /// The worker's own: token, rights, namespace. Who may look may still not create: one says nothing of the other.
        var faults: [Fault: (text: String, at: ContinuousClock.Instant)] = [:]
        var outages: [Outages.Dependency: Outage] = [:]
        /// Workers on this disk died in a row, and it is not over.
        var crashLoop: CrashLoop?
        var isDraining = false
    }

    private struct Fault: Hashable {
        let service: Outages.Dependency
        let access: RequestAccess
    }

    enum QueueState: Hashable, Sendable {
        case consumed
        case unknown
        /// On purpose.
        case paused
        case disconnected(AMQPError)
        /// By the broker's words.
        case lost(reason: String)

        /// Why it is not consumed.
        var reason: String? {
            switch self {
            case .consumed: nil
            case .unknown: "not consumed yet"
            case .paused: "paused"
            case .disconnected(let error): "not consumed: \(error.description)"
            case .lost(let reason): reason
            }
        }
    }

    /// What keeps the worker from its work.
    enum Condition: Hashable, Sendable {
        case crashLoop(CrashLoop)
        case outage(Outages.Dependency, cause: String)
        case draining
        case disconnected
        case queue(String, QueueState)
        case cannotPublish
        case blocked(reason: String)
        case fault(Outages.Dependency, RequestAccess, text: String)

        /// For people.
        ///
        /// - Parameter withCause: with what a service said, which may name a build and its pod.
        func sentence(withCause: Bool) -> String {
            switch self {
            case .crashLoop(let loop): loop.description
            case .outage(let service, let cause):
                "\(service.title) unavailable; consumption paused" + (withCause ? ": \(cause)" : "")
            case .draining: "draining"
            case .disconnected: "not connected to RabbitMQ"
            case .queue(let name, let state): "queue \(name): \(state.reason ?? "consumed")"
            case .cannotPublish: "cannot publish: not connected to RabbitMQ"
            case .blocked(let reason): "RabbitMQ blocked the connection (resource alarm): \(reason)"
            case .fault(let service, let access, let text):
                "\(service.title)\(access == .read ? " (reading)" : ""): \(withCause ? text : "a request was refused")"
            }
        }
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
    package init(queues: [String], retryQueue: String? = nil) {
        self.retryQueue = retryQueue
        var state = State()
        if let retryQueue, !queues.contains(retryQueue) {
            state.retryQueue = .missing(reason: "RABBITMQ_RETRYQUEUE_ENABLED is off")
        }
        for queue in queues { state.queues[queue] = .unknown }
        self.state = Mutex(state)
    }

    /// - Returns: whether it says more than what was known.
    @discardableResult
    package func consuming(_ event: ConnectionEvent) -> Bool {
        self.state.withLock { state in
            switch event {
            case .connected: state.isConsumingConnected = true
            case .disconnected(let error, _):
                state.isConsumingConnected = false
                for queue in state.queues.keys { state.queues[queue] = .disconnected(error) }
            case .consuming(let queue):
                state.queues[queue] = .consumed
                if queue == self.retryQueue { state.retryQueue = .usable }
            case .consumerLost(let queue, let code, let reason, _):
                state.queues[queue] = .lost(reason: reason)
                guard queue == self.retryQueue, let code, [403, 404, 405].contains(code) else { break }
                defer { state.retryQueue = .missing(reason: reason) }
                return state.retryQueue != .missing(reason: reason)
            case .stopped(let queue): state.queues[queue] = .paused
            case .blocked, .unblocked, .channelRenewed, .publishingRefused: break
            }
            return true
        }
    }

    package func publishing(_ event: ConnectionEvent) {
        self.state.withLock { state in
            switch event {
            case .connected:
                (state.isPublishingConnected, state.blockedReason, state.canPublishSince) = (true, nil, .now)
            case .disconnected: (state.isPublishingConnected, state.blockedReason) = (false, nil)
            case .blocked(let reason): state.blockedReason = reason
            case .unblocked: (state.blockedReason, state.canPublishSince) = (nil, .now)
            case .consuming, .consumerLost, .stopped, .channelRenewed, .publishingRefused: break
            }
        }
    }

    /// - Parameter text: what the service says; `nil` when a request to it succeeded.
    func fault(of service: Outages.Dependency, _ access: RequestAccess, _ text: String?) {
        self.state.withLock { $0.faults[Fault(service: service, access: access)] = text.map { ($0, .now) } }
    }

    /// - Parameter cause: `nil` when the service is back.
    func outage(of service: Outages.Dependency, cause: String?) {
        self.state.withLock { state in
            state.outages[service] = cause.map { Outage(cause: $0, since: state.outages[service]?.since ?? .now) }
        }
    }

    func crashLoop(_ loop: CrashLoop?) { self.state.withLock { $0.crashLoop = loop } }

    package var isInCrashLoop: Bool { self.state.withLock { $0.crashLoop != nil } }

    var outages: [Outages.Dependency: Outage] { self.state.withLock { $0.outages } }
    var canPublishSince: ContinuousClock.Instant? { self.state.withLock { $0.canPublishSince } }
    var canPublish: Bool { self.state.withLock { $0.isPublishingConnected && $0.blockedReason == nil } }
    var isDraining: Bool { self.state.withLock { $0.isDraining } }
    /// By the name of each that is to be consumed.
    var queues: [String: QueueState] { self.state.withLock { $0.queues } }

    var connections: [Connection] {
        self.state.withLock { state in
            [
                Connection(role: "consume", isConnected: state.isConsumingConnected, blockedReason: nil),
                Connection(
                    role: "publish", isConnected: state.isPublishingConnected, blockedReason: state.blockedReason),
            ]
        }
    }

    /// What is published to the retry queue comes back, to this worker or another, as far as it knows.
    var canUseRetryQueue: Bool { self.state.withLock { $0.retryQueue == .usable } }

    /// What became of the last init timer: with the broker, or kept here because the broker has no queue for it.
    func initTimer(isKeptHere: Bool) { self.state.withLock { $0.keepsTimers = isKeptHere } }

    /// What the worker works without, and what that costs.
    package var notes: [String] {
        guard let queue = self.retryQueue else { return [] }
        let (state, keepsTimers) = self.state.withLock { ($0.retryQueue, $0.keepsTimers) }
        let cost =
            "A worker that loses its disk forgets them; builds are then found by their pods, up to an init timeout late"
        if case .missing(let reason) = state {
            return [
                "no retry queue (\(queue): \(reason)): this worker keeps init timers and verifies builds itself. \(cost)"
            ]
        }
        return keepsTimers
            ? [
                "no init queue (or no right to publish there): this worker keeps init timers itself; 'worker topology apply' makes the queue. \(cost)"
            ] : []
    }

    package func draining() { self.state.withLock { $0.isDraining = true } }

    /// Why the worker is not ready, the gravest first; empty when it is.
    package var problems: [String] { self.problems(withCauses: true) }

    /// - Parameter withCauses: with what a service said, which may name a build and its pod.
    func problems(withCauses: Bool) -> [String] { self.conditions.map { $0.sentence(withCause: withCauses) } }

    /// The same without a crash loop, in which it works, if slowly.
    var hindrances: [Condition] { self.conditions.filter { if case .crashLoop = $0 { false } else { true } } }

    /// What keeps messages from coming and going.
    var brokerProblems: [Condition] { self.state.withLock { self.brokerConditions($0) } }

    private var conditions: [Condition] {
        self.state.withLock { state in
            let outages = state.outages.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                Condition.outage($0.key, cause: $0.value.cause)
            }
            // Where the worker itself pauses its queues, that they are paused says nothing more.
            let broker = self.brokerConditions(state).filter {
                if case .queue(_, .paused) = $0 { outages.isEmpty } else { true }
            }
            let faults = state.faults.filter { $0.value.at + Self.faultLifetime > .now }.map {
                Condition.fault($0.key.service, $0.key.access, text: $0.value.text)
            }
            return (state.crashLoop.map { [.crashLoop($0)] } ?? []) + outages + broker
                + faults.sorted { $0.sentence(withCause: false) < $1.sentence(withCause: false) }
        }
    }

    private func brokerConditions(_ state: State) -> [Condition] {
        var conditions: [Condition] = state.isDraining ? [.draining] : []
        if !state.isConsumingConnected {
            conditions.append(.disconnected)
        } else {
            for (queue, how) in state.queues.sorted(by: { $0.key < $1.key }) where how != .consumed {
                if queue == self.retryQueue, case .missing = state.retryQueue { continue }
                conditions.append(.queue(queue, how))
            }
        }
        if !state.isPublishingConnected { conditions.append(.cannotPublish) }
        if let reason = state.blockedReason { conditions.append(.blocked(reason: reason)) }
        return conditions
    }
}
