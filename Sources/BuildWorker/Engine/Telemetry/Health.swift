internal import Clients
package import RabbitMQ
internal import Spool
internal import Synchronization

/// Whether the worker can process builds, and what prevents it.
package final class Health: Sendable {
    private struct State {
        var isConsumingConnected = false
        var isPublishingConnected = false
        var blockedReason: String?
        /// `nil` while messages cannot be published.
        var canPublishSince: ContinuousClock.Instant?
        var queues: [String: QueueState] = [:]
        var retryQueue = RetryQueue.unknown
        /// The broker has no init queue, or this worker may not publish to it: timers are kept locally.
        var keepsTimers = false
        /// Misconfiguration of this worker: token, permissions, namespace. Reading and writing are tracked separately.
        var faults: [Fault: (text: String, at: ContinuousClock.Instant)] = [:]
        var outages: [Outages.Dependency: Outage] = [:]
        /// Consecutive workers on this disk crashed, and the loop is not over.
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
        case paused
        case disconnected(AMQPError)
        case lost(reason: String)

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

    enum Condition: Hashable, Sendable {
        case crashLoop(CrashLoop)
        case outage(Outages.Dependency, cause: String)
        case draining
        case disconnected
        case queue(String, QueueState)
        case cannotPublish
        case blocked(reason: String)
        case fault(Outages.Dependency, RequestAccess, text: String)

        /// - Parameter withCause: includes the service's message, which may name a build and its pod.
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
        case unknown
        case usable
        /// Optional: the worker continues without it.
        case missing(reason: String)
    }

    /// A service that is unavailable for all builds.
    struct Outage: Sendable {
        let cause: String
        let since: ContinuousClock.Instant
    }

    struct Connection: Sendable {
        /// `consume` or `publish`
        let role: String
        let isConnected: Bool
        let blockedReason: String?
    }

    /// A fault not seen again within this time may be fixed; only another request would tell.
    private static let faultLifetime = Duration.seconds(120)

    private let state: Mutex<State>
    private let retryQueue: String?

    /// - Parameter retryQueue: the optional queue; disabled if not among `queues`.
    package init(queues: [String], retryQueue: String? = nil) {
        self.retryQueue = retryQueue
        var state = State()
        if let retryQueue, !queues.contains(retryQueue) {
            state.retryQueue = .missing(reason: "RABBITMQ_RETRYQUEUE_ENABLED is off")
        }
        for queue in queues { state.queues[queue] = .unknown }
        self.state = Mutex(state)
    }

    /// - Returns: whether the state changed.
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

    /// - Parameter text: the service's error; `nil` after a successful request.
    func fault(of service: Outages.Dependency, _ access: RequestAccess, _ text: String?) {
        self.state.withLock { $0.faults[Fault(service: service, access: access)] = text.map { ($0, .now) } }
    }

    /// - Parameter cause: `nil` when the service is available again.
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

    /// As far as is known, messages in the retry queue are consumed, by this worker or another.
    var canUseRetryQueue: Bool { self.state.withLock { $0.retryQueue == .usable } }

    /// Records where the last init timer is kept: with the broker, or here because it has no init queue.
    func initTimer(isKeptHere: Bool) { self.state.withLock { $0.keepsTimers = isKeptHere } }

    /// Missing optional parts, and the consequences.
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

    /// Why the worker is not ready, most severe first; empty if ready.
    package var problems: [String] { self.problems(withCauses: true) }

    /// - Parameter withCauses: includes services' messages, which may name a build and its pod.
    func problems(withCauses: Bool) -> [String] { self.conditions.map { $0.sentence(withCause: withCauses) } }

    /// All conditions except a crash loop, during which the worker is slow but works.
    var hindrances: [Condition] { self.conditions.filter { if case .crashLoop = $0 { false } else { true } } }

    /// Conditions that stop messages from being consumed or published.
    var brokerProblems: [Condition] { self.state.withLock { self.brokerConditions($0) } }

    private var conditions: [Condition] {
        self.state.withLock { state in
            let outages = state.outages.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                Condition.outage($0.key, cause: $0.value.cause)
            }
            // Queues that the worker paused itself are no separate condition.
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
