import NIOCore
import NIOHTTP1
import NIOPosix

/// The simulated world and its three servers.
///
/// Everything lives on one event loop, so nothing is locked and each request takes effect as a whole.
final class Simulation {
    let loop: NIOIsolatedEventLoop
    let pods: PodStore
    let secrets: SecretStore
    let builds: BuildStore
    let faults = FaultTable()
    let counters = Counters()
    let settings: Settings
    /// nil: the simulation is the cluster.
    private(set) var cluster: RealCluster?
    private(set) var listeners: [ListenerName: Listener] = [:]
    private let journal: Journal?
    /// Accepted since the start, by any of the three servers.
    private(set) var connections = 0

    /// Changeable while running; `reset()` sets it back to zero.
    var latency: TimeAmount
    /// Changeable while running, to simulate the rotation of a token.
    var token: String?

    init(settings: Settings, journal: Journal?, loop: NIOIsolatedEventLoop) {
        self.settings = settings
        self.journal = journal
        self.loop = loop
        latency = .milliseconds(settings.latencyMilliseconds)
        token = settings.token
        pods = PodStore(startDelay: settings.startDelayMilliseconds, loop: loop)
        secrets = SecretStore(pods: pods)
        builds = BuildStore()
        let launcher = Launcher(builds: builds, pods: pods)
        pods.follow { launcher.observe($0) }
    }

    func addListener(_ name: ListenerName, port: Int, group: MultiThreadedEventLoopGroup) -> Listener {
        let listener = Listener(name: name, port: port, simulation: self, group: group)
        listeners[name] = listener
        return listener
    }

    /// Puts a real API server behind the Kubernetes port.
    func use(_ settings: Settings.RealCluster, group: MultiThreadedEventLoopGroup) {
        let cluster = RealCluster(
            APIServer(settings.address, group: group, loop: loop), settings: settings, store: pods)
        self.cluster = cluster
        cluster.start()
    }

    func nextConnection() -> Int {
        connections += 1
        return connections
    }

    /// Forgets pods, builds, faults, latency and counters. The journal, the token and the listeners stay.
    func reset() {
        pods.reset()
        secrets.reset()
        builds.reset()
        faults.removeAll()
        counters.reset()
        latency = .zero
    }

    func flushJournal() { journal?.flush() }

    // MARK: Serving

    /// Lets a request take effect and says what becomes of it, and how long the answer is held back.
    func serve(
        _ request: Request, on listener: ListenerName, from connection: Connection
    ) -> (Outcome, delay: TimeAmount) {
        switch listener {
        case .control:
            let outcome = ControlAPI(simulation: self).answer(request)
            flushJournal()
            return (outcome, .zero)
        case .kubernetes:
            if let cluster { return pass(request, to: cluster, from: connection) }
            let api = KubernetesAPI(store: pods, secrets: secrets, namespace: settings.namespace, token: token)
            let call = api.call(for: request)
            return serve(request, on: listener, from: connection, build: api.build(of: call), pod: call.pod) {
                api.perform(call)
            }
        case .api:
            let api = BuildAPI(store: builds)
            let call = api.call(for: request)
            if case .update = call { counters.countPut() }
            return serve(request, on: listener, from: connection, build: call.build, pod: nil) {
                api.perform(call)
            }
        }
    }

    /// The way of every request on the two simulated APIs: rule, effect, journal.
    private func serve(
        _ request: Request, on listener: ListenerName, from connection: Connection,
        build: String?, pod: String?, perform: () -> Performance
    ) -> (Outcome, delay: TimeAmount) {
        counters.requests += 1
        let rule = faults.match(listener: listener, method: request.method.rawValue, uri: request.uri, build: build)
        let delay = rule?.delay(latency) ?? latency
        let performance = rule?.apply(perform: perform) ?? perform()
        record(performance, request, on: listener, from: connection, build: build, pod: pod, delay: delay)
        return (performance.outcome, delay)
    }

    func record(
        _ performance: Performance, _ request: Request, on listener: ListenerName, from connection: Connection,
        build: String?, pod: String?, delay: TimeAmount
    ) {
        if performance.fault != nil { counters.faulted += 1 }
        journal?.write(
            JournalEntry(
                listener: listener, method: request.method.rawValue, path: request.uri,
                status: performance.outcome.status, build: build, pod: performance.pod ?? pod,
                effect: performance.effect, fault: performance.fault, connection: connection.id,
                delayMilliseconds: delay.nanoseconds / 1_000_000,
                body: listener == .api && request.method == .PUT ? request.journalBody : nil))
    }
}

/// What has been counted since the start or the last reset.
final class Counters {
    var requests = 0
    private(set) var puts = 0
    /// When the last PUT took effect: benchmarks measure to there, not to when they next look.
    private(set) var lastPut: Timestamp?
    var faulted = 0

    func countPut() {
        puts += 1
        lastPut = .now()
    }

    func reset() {
        requests = 0
        puts = 0
        lastPut = nil
        faulted = 0
    }
}

extension Request {
    /// The body as one line of JSON; nil when it is not JSON, which would break the journal.
    fileprivate var journalBody: ByteBuffer? {
        let bytes = Array(body.readableBytesView)
        var scanner = JSONScanner(bytes)
        guard (try? scanner.skip()) != nil, (try? scanner.end()) != nil else { return nil }
        guard bytes.contains(0x0A) || bytes.contains(0x0D) else { return body }
        return ByteBuffer(bytes: bytes.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 })
    }
}
