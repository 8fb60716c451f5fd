internal import Clients
internal import Logging
internal import ServiceLifecycle
internal import Support
internal import Synchronization
internal import Workflow

/// Pauses consumption and probes while the cluster or the build API is unavailable: costs time, not builds.
final class Outages: Service {
    /// The raw value is its name in logs, metrics and `/status`.
    enum Dependency: String, Hashable, Sendable, CaseIterable {
        case cluster = "kubernetes"
        /// If the executor uses a separate cluster.
        case sandboxCluster = "kubernetes_sandbox"
        case vmCluster = "kubernetes_vm"
        case buildAPI = "build_api"

        var title: String {
            switch self {
            case .cluster: "the Kubernetes API"
            case .sandboxCluster: "the Kubernetes API of k8s-sandbox"
            case .vmCluster: "the Kubernetes API of k8s-vm"
            case .buildAPI: "the build API"
            }
        }

        init(_ executor: ExecutorOptions.Plugin) {
            switch executor {
            case .k8s: self = .cluster
            case .sandbox: self = .sandboxCluster
            case .vm: self = .vmCluster
            }
        }

        fileprivate func metadata(_ code: LogCode, _ key: String, _ text: String) -> Logger.Metadata {
            .of(code, ["service": .string(self.rawValue), key: .string(text)])
        }
    }

    /// A cheap request to the service; `nil` if it responds.
    typealias Probe = @Sendable () async -> Failure?

    struct Failure: Sendable {
        let cause: String
        /// The pause that the service asked for.
        let retryAfter: Duration?

        init(_ cause: String, retryAfter: Duration? = nil) {
            self.cause = cause
            // A pause of 0 is none.
            self.retryAfter = retryAfter.flatMap { $0 > .zero ? $0 : nil }
        }

        init(_ error: any ServiceError) { self.init(error.description, retryAfter: error.retryAfter) }
    }

    private struct Watched {
        var breaker = CircuitBreaker()
        var probe: Probe?
        var lastAnswer: ContinuousClock.Instant?
        var wasBackAt: ContinuousClock.Instant?
        /// Not probed earlier: the service asked for a pause.
        var notBefore: ContinuousClock.Instant?

        mutating func heed(_ failure: Failure, at now: ContinuousClock.Instant) {
            if let pause = failure.retryAfter { self.notBefore = max(self.notBefore ?? now, now + pause) }
        }
    }

    /// A successful probe is not repeated within this time.
    private static let probeValidity = Duration.seconds(1)
    private static let longestPause = Duration.seconds(30)

    private let watched = Mutex<[Dependency: Watched]>([:])
    private let opened: AsyncStream<Dependency>
    private let feed: AsyncStream<Dependency>.Continuation
    private let intake: Intake
    private let health: Health
    private let clock: any MonotonicClock
    private let logger: Logger
    private let onOpen: @Sendable (Dependency) -> Void
    private let onClose: @Sendable (Dependency) -> Void

    init(
        health: Health, clock: any MonotonicClock, logger: Logger, intake: Intake,
        onOpen: @escaping @Sendable (Dependency) -> Void = { _ in },
        onClose: @escaping @Sendable (Dependency) -> Void = { _ in }
    ) {
        self.health = health
        self.clock = clock
        self.logger = logger
        self.intake = intake
        self.onOpen = onOpen
        self.onClose = onClose
        (self.opened, self.feed) = AsyncStream.makeStream()
    }

    /// Whether a service is unavailable for all builds.
    var isAnyOpen: Bool { self.watched.withLock { $0.values.contains { $0.breaker.isOpen } } }

    /// Also counts outages since `start`, during which failures are not the builds' fault.
    func wasAnyOpen(since start: ContinuousClock.Instant) -> Bool {
        self.watched.withLock { $0.values.contains { $0.breaker.isOpen || $0.wasBackAt.map { $0 >= start } ?? false } }
    }

    func isOpen(_ dependency: Dependency) -> Bool { self.watched.withLock { $0[dependency]?.breaker.isOpen ?? false } }

    func succeeded(_ dependency: Dependency, _ access: RequestAccess) {
        self.watched.withLock { $0[dependency, default: Watched()].breaker.succeeded(access) }
    }

    func answered(_ dependency: Dependency, _ access: RequestAccess) {
        self.watched.withLock { $0[dependency, default: Watched()].breaker.answered(access) }
    }

    /// Finds out whether a failure of `build` concerns all builds. Takes as long as the probe.
    ///
    /// - Parameter probe: repeated with growing intervals; skipped at first if the service asks for a pause.
    func judge(
        _ dependency: Dependency, _ access: RequestAccess, of build: BuildID, _ failure: Failure, probe: @escaping Probe
    ) async {
        // Cancelled by the worker itself.
        guard !Task.isCancelled else { return }
        let now = self.clock.now
        let (isSettled, hasOpened) = self.watched.withLock { all -> (Bool, Bool) in
            var one = all[dependency] ?? Watched()
            defer { all[dependency] = one }
            one.heed(failure, at: now)
            if one.breaker.isOpen { return (true, false) }
            one.probe = probe
            if one.breaker.failed(build, access, asksForPause: failure.retryAfter != nil, cause: failure.cause, at: now)
            {
                self.pause(dependency, failure.cause)
                return (true, true)
            }
            // A service that asks for a pause is not probed.
            return (failure.retryAfter != nil || one.lastAnswer.map { $0 + Self.probeValidity > now } ?? false, false)
        }
        if hasOpened { self.begin(dependency, failure.cause) }
        guard !isSettled else { return }
        guard let second = await probe() else {
            return self.watched.withLock { $0[dependency]?.lastAnswer = self.clock.now }
        }
        let opensNow = self.watched.withLock { all in
            all[dependency]?.heed(second, at: self.clock.now)
            let opensNow = all[dependency]?.breaker.probeFailed(cause: second.cause, at: self.clock.now) ?? false
            if opensNow { self.pause(dependency, second.cause) }
            return opensNow
        }
        if opensNow { self.begin(dependency, second.cause) }
    }

    /// Under the lock, so that callbacks arrive in order.
    private func pause(_ dependency: Dependency, _ cause: String) {
        self.health.outage(of: dependency, cause: cause)
        self.intake.pause(for: .outage)
    }

    private func begin(_ dependency: Dependency, _ cause: String) {
        self.logger.error(
            "\(dependency.title) unavailable; consumption paused",
            metadata: dependency.metadata(.outageBegan, "cause", cause))
        self.onOpen(dependency)
        self.feed.yield(dependency)
    }

    /// Probes unavailable services until they recover, or until shutdown.
    func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for await dependency in self.opened { group.addTask { await self.probeUntilBack(dependency) } }
            }
        }
    }

    private func probeUntilBack(_ dependency: Dependency) async {
        var backoff = Backoff(first: .seconds(1), limit: Self.longestPause)
        var random = SystemRandomNumberGenerator()
        for _ in 1..<max(1, self.watched.withLock { $0[dependency]?.breaker.relapses ?? 0 }) {
            _ = backoff.next(using: &random)
        }
        while let probe = self.watched.withLock({ $0[dependency]?.probe }) {
            let now = self.clock.now
            let asked = self.watched.withLock { $0[dependency]?.notBefore } ?? now
            guard await self.clock.pause(max(backoff.next(using: &random), asked - now)) else { return }
            if let failure = await probe() {
                self.watched.withLock { $0[dependency]?.heed(failure, at: self.clock.now) }
                self.logger.info(
                    "\(dependency.title) still unavailable",
                    metadata: dependency.metadata(.outageContinues, "cause", failure.cause))
                continue
            }
            let duration = self.watched.withLock { all in
                let duration = all[dependency]?.breaker.probeSucceeded(at: self.clock.now)
                all[dependency]?.wasBackAt = self.clock.now
                self.health.outage(of: dependency, cause: nil)
                if !all.values.contains(where: { $0.breaker.isOpen }) { self.intake.resume(from: .outage) }
                return duration
            }
            self.logger.notice(
                "\(dependency.title) is back",
                metadata: dependency.metadata(.outageEnded, "after", (duration ?? .zero).formatted))
            self.onClose(dependency)
            return
        }
    }
}
