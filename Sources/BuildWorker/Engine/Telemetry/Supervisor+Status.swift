internal import Clients
internal import RabbitMQ
internal import Spool
internal import Support
internal import Workflow

/// `GET /status`: deliveries in flight, delayed builds, and problems. docs/status-api.md explains every member.
extension StatusReporter {
    private static let longestList = 500

    var document: JSONValue {
        let now = Timestamp.now
        let waiting = self.waiting.all
        return .object([
            .init("product", .string(Product.name)), .init("version", .string(Product.version)),
            .init("host", .string(self.host)),
            .init("pid", .integer(ProcessUsage.pid)), .init("startedAt", .string(self.startedAt.text)),
            .init("now", .string(now.text)),
            .init("uptimeSeconds", .integer((now.millisecondsSince1970 - self.startedAt.millisecondsSince1970) / 1000)),
            .init("ready", .bool(self.health.problems.isEmpty)), .init("live", .bool(self.liveness.problems.isEmpty)),
            .init("draining", .bool(self.health.isDraining)),
            .init("problems", .array((self.liveness.problems + self.health.problems).map { .string($0) })),
            .init("notes", .array(self.notes.map { .string($0) })),
            .init("connections", .array(self.health.connections.map { $0.document })),
            .init("loops", .array(self.liveness.loops.map { $0.document })),
            .init("breakers", self.breakers), .init("queues", .array(self.survey.queues.map { self.document(of: $0) })),
            .init("inFlight", .array(self.inFlight.all.prefix(Self.longestList).map { $0.document })),
            .init("unacked", .integer(self.unacked())),
            .init("oldestUnackedSeconds", .seconds(self.oldestUnacked)),
            .init("waiting", .array(waiting.prefix(Self.longestList).map { $0.document })),
            .init(
                "timers",
                ["expected": .integer(waiting.count { $0.why == .initTimer }), "local": .integer(self.localTimers())]),
            .init("parked", self.survey.queues.first { $0.role == .parked }?.ready.map { .integer($0) } ?? .null),
            .init(
                "spool",
                .array(
                    JobKind.allCases.map { self.spool.jobs($0) }.map { jobs in
                        [
                            "kind": .string(jobs.name), "new": .integer(jobs.new), "cur": .integer(jobs.current),
                            "dead": .integer(jobs.dead),
                            "oldestSeconds": .seconds(jobs.age),
                        ]
                    })),
            .init("reports", .array(self.reports.all.prefix(50).map { $0.document })),
            .init("totals", self.history.totals),
            .init("memory", ["residentBytes": .integer(ProcessUsage.residentMemory)]),
            .init("history", self.history.document),
        ])
    }

    private var breakers: JSONValue {
        let outages = self.health.outages
        return .array(
            self.services.map { dependency in
                let outage = outages[dependency]
                return [
                    "service": .string(dependency.rawValue), "open": .bool(outage != nil),
                    "cause": outage.map { .string($0.cause) } ?? .null,
                    "sinceSeconds": .seconds(outage.map { .now - $0.since }),
                    "connections": self.transports.first { $0.name == dependency.rawValue }?.connections.document
                        ?? .null,
                ]
            })
    }

    private func document(of queue: QueuesCheck.Queue) -> JSONValue {
        // `nil`: this worker does not consume it.
        let state = self.health.queues[queue.name]
        return [
            "name": .string(queue.name), "role": .string(queue.role.rawValue),
            "ready": queue.ready.map { .integer($0) } ?? .null,
            "consumers": queue.consumers.map { .integer($0) } ?? .null,
            "consuming": state.map { .bool($0 == .consumed) } ?? .null,
            "reason": state?.reason.map { .string($0) } ?? .null,
        ]
    }
}

extension InFlight.Entry {
    fileprivate var document: JSONValue {
        let now = ContinuousClock.now
        let build = self.context.build
        return [
            "buildId": build.map { .integer($0.buildID.rawValue) } ?? .null,
            "jobId": build?.jobID.map { .string($0) } ?? .null,
            "jobType": .string(self.context.jobType), "queue": .string(self.context.delivery.queue),
            "attempt": .integer(self.context.attempt),
            "ageSeconds": .seconds(now - self.context.arrival),
            "step": .string(self.step?.words ?? "wait for its turn"),
            "stepAgeSeconds": .seconds(now - self.since),
        ]
    }
}

extension Waiting.Entry {
    fileprivate var document: JSONValue {
        let now = ContinuousClock.now
        return [
            "buildId": .integer(self.build.rawValue), "jobType": .string(self.jobType),
            "why": .string(self.why.rawValue), "reason": .string(self.reason),
            "sinceSeconds": .seconds(now - self.since), "dueInSeconds": .seconds(max(.zero, self.due - now)),
            "attempt": .integer(self.attempt),
            "queue": .string(self.queue),
        ]
    }
}

extension Health.Connection {
    fileprivate var document: JSONValue {
        [
            "role": .string(self.role), "connected": .bool(self.isConnected),
            "blocked": self.blockedReason.map { .string($0) } ?? .null,
        ]
    }
}

extension HTTPConnectionCounts {
    fileprivate var document: JSONValue {
        [
            "open": .integer(self.open), "opened": .integer(self.opened), "reused": .integer(self.reused),
            "sentBytes": .integer(self.bytesSent),
            "receivedBytes": .integer(self.bytesReceived),
        ]
    }
}

extension Liveness.Loop {
    fileprivate var document: JSONValue { ["name": .string(self.name), "ageSeconds": .seconds(self.age())] }
}

extension JSONValue {
    static func integer(_ value: Int) -> JSONValue { .number(String(value)) }

    /// Rounded to tenths.
    static func seconds(_ duration: Duration?) -> JSONValue {
        guard let duration else { return .null }
        let tenths = Int(duration / .milliseconds(100))
        return .number("\(tenths / 10).\(abs(tenths % 10))")
    }
}

extension StatusReporter {
    /// The members of ``document`` that a supervisor needs.
    var heartbeat: JSONValue {
        let wanted: Set = [
            "version", "host", "pid", "startedAt", "now", "ready", "live", "draining", "problems", "connections",
            "loops", "breakers", "unacked",
            "oldestUnackedSeconds", "timers",
        ]
        return .object((self.document.members ?? []).filter { wanted.contains($0.name) })
    }
}
