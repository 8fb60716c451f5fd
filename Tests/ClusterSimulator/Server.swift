import Glibc
import NIOCore
import NIOPosix

/// Starts the simulation on its event loop and ends it on a signal.
struct Server {
    var settings: Settings
    /// The wished ports; 0 means any free one.
    var ports: [ListenerName: Int]
    var journalPath: String?

    /// How long a journal line may wait before other processes see it.
    private static let journalDelay = TimeAmount.milliseconds(100)

    /// Serves until SIGTERM or SIGINT.
    func run() throws {
        // Blocked here, before there are other threads, so that only the wait below gets the signals.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGINT)
        pthread_sigmask(SIG_BLOCK, &signals, nil)

        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let simulation = try loop.submit { [self] in
            NIOLoopBound(try start(on: loop.assumeIsolated(), group: group), eventLoop: loop)
        }.wait()
        var urls: [String] = []
        for name in ListenerName.allCases {
            try open(name, of: simulation, on: loop)
            let url = try loop.submit { simulation.value.listeners[name]?.url ?? "" }.wait()
            urls.append("\"\(name.rawValue)\":\"\(url)\"")
        }
        print("{\(urls.joined(separator: ","))}")
        fflush(nil)

        var signal: CInt = 0
        sigwait(&signals, &signal)
        try loop.submit { simulation.value.flushJournal() }.wait()
    }

    private func start(on loop: NIOIsolatedEventLoop, group: MultiThreadedEventLoopGroup) throws -> Simulation {
        let journal = try journalPath.map { path throws(JournalError) in try Journal(path: path) }
        let simulation = Simulation(settings: settings, journal: journal, loop: loop)
        for (name, port) in ports { _ = simulation.addListener(name, port: port, group: group) }
        if let cluster = settings.realCluster { simulation.use(cluster, group: group) }
        flush(simulation, on: loop)
        return simulation
    }

    /// Flushes the journal from now on, again and again.
    private func flush(_ simulation: Simulation, on loop: NIOIsolatedEventLoop) {
        loop.scheduleTask(in: Self.journalDelay) {
            simulation.flushJournal()
            flush(simulation, on: loop)
        }
    }

    private func open(_ name: ListenerName, of simulation: NIOLoopBound<Simulation>, on loop: any EventLoop) throws {
        do {
            try loop.flatSubmit {
                simulation.value.listeners[name]?.open() ?? loop.makeSucceededVoidFuture()
            }.wait()
        } catch {
            throw ListenError(name: name, port: ports[name] ?? 0, cause: error)
        }
    }
}

/// A port cannot be bound.
struct ListenError: Error, CustomStringConvertible {
    var name: ListenerName
    var port: Int
    var cause: any Error

    var description: String {
        let option = "--\(name.rawValue)-port"
        if let error = cause as? IOError, error.errnoCode == EADDRINUSE {
            return "cannot listen on 127.0.0.1:\(port): the port is in use. Give \(option) another one, or 0 for any."
        }
        return "cannot listen on 127.0.0.1:\(port) (\(option)): \(cause)"
    }
}
