internal import Clients
internal import RabbitMQ
internal import Spool
internal import Support

/// Provides metrics, the status document, liveness and readiness.
struct StatusReporter: Sendable {
    let host: String
    let startedAt = Timestamp.now
    let health: Health
    let liveness: Liveness
    let inFlight: InFlight
    let waiting: Waiting
    let history: History
    let meters: Metrics
    let prometheus: PrometheusMetrics
    let survey: QueueSurvey
    let reports: ReportLedger
    let spool: SpoolSurvey
    let failingHosts: FailingHosts
    /// Services whose outages are detected.
    let services: [Outages.Dependency]
    let transports: [HTTPTransport]
    let unacked: @Sendable () -> Int
    let localTimers: @Sendable () -> Int

    /// Missing optional parts, and failing hosts with their waiting builds.
    var notes: [String] { self.health.notes + self.failingHosts.notes() }

    /// Routes for probes and Prometheus, open to any client: contain no build data.
    var probes: OperatorServer.Routes { self.routes(tellingCauses: false) }

    var pages: OperatorServer.Routes {
        self.routes(tellingCauses: true).merging(["/": { StatusPage.answer }, "/status": { .json(self.document) }]) {
            $1
        }
    }

    private func routes(tellingCauses: Bool) -> OperatorServer.Routes {
        let readiness = { @Sendable () -> Answer in
            .verdict(self.health.problems(withCauses: tellingCauses), notes: self.notes)
        }
        return [
            "/health": readiness, "/readyz": readiness,
            "/livez": { .verdict(self.liveness.problems(withBuilds: tellingCauses)) },
            "/metrics": {
                Answer(contentType: "text/plain; version=0.0.4; charset=utf-8", body: Array(self.metrics.utf8))
            },
        ]
    }

    private var metrics: String {
        self.measure()
        return self.prometheus.text
    }

    /// Updates the gauges. Call it before metrics are shown or sent.
    func measure() {
        let meters = self.meters
        for (type, count) in self.inFlight.counts { meters.set(.inFlight, type, to: Double(count)) }
        meters.set(.unacked, to: Double(self.unacked()))
        meters.set(.oldestUnacked, to: self.oldestUnacked.map { $0 / .seconds(1) } ?? 0)
        let waiting = self.waiting.all
        for why in Waiting.Why.allCases {
            meters.set(.waitingBuilds, why.rawValue, to: Double(waiting.count { $0.why == why }))
        }
        // Those with the broker.
        meters.set(.timersExpected, to: Double(max(0, waiting.count { $0.why == .initTimer } - self.localTimers())))
        for connection in self.health.connections {
            meters.set(.connections, connection.role, to: connection.isConnected ? 1 : 0)
        }
        for dependency in self.services {
            meters.set(.breakerOpen, dependency.rawValue, to: self.health.outages[dependency] == nil ? 0 : 1)
        }
        meters.set(.apiHostsFailing, to: Double(self.failingHosts.count()))
        for transport in self.transports {
            let (name, connections) = (transport.name, transport.connections)
            meters.set(.httpConnectionsOpened, name, to: Double(connections.opened))
            meters.set(.httpConnectionsReused, name, to: Double(connections.reused))
            meters.set(.httpConnectionsOpen, name, to: Double(connections.open))
            meters.set(.httpBytesSent, name, to: Double(connections.bytesSent))
            meters.set(.httpBytesReceived, name, to: Double(connections.bytesReceived))
        }
        for queue in self.survey.queues {
            if let ready = queue.ready { meters.set(.queueMessages, queue.role.rawValue, to: Double(ready)) }
            // Optional queues need no consumer.
            if let consumers = queue.consumers, queue.role != .retry || self.health.canUseRetryQueue {
                meters.set(.queueConsumers, queue.role.rawValue, to: Double(consumers))
            }
        }
        for kind in JobKind.allCases {
            let jobs = self.spool.jobs(kind)
            for (box, count) in [(JobBox.new, jobs.new), (.cur, jobs.current), (.dead, jobs.dead)] {
                meters.set(.spoolDepth, kind.rawValue, box.rawValue, to: Double(count))
            }
            meters.set(.spoolOldest, kind.rawValue, to: (jobs.age ?? .zero) / .seconds(1))
        }
        meters.set(.logLinesDropped, to: Double(LogOutput.droppedLines))
        meters.set(.ready, to: self.health.problems.isEmpty ? 1 : 0)
        meters.set(.crashLoop, to: self.health.isInCrashLoop ? 1 : 0)
        meters.set(.live, to: self.liveness.problems.isEmpty ? 1 : 0)
        meters.set(.info, Product.version, to: 1)
        meters.set(.residentMemory, to: Double(ProcessUsage.residentMemory))
        meters.set(.cpu, to: ProcessUsage.cpuSeconds)
        meters.set(.startTime, to: Double(self.startedAt.millisecondsSince1970) / 1000)
        meters.set(.openFiles, to: Double(ProcessUsage.openFiles))
    }

    var oldestUnacked: Duration? { self.inFlight.all.first.map { .now - $0.context.arrival } }
}
