internal import Clients
internal import Logging
internal import RabbitMQ
internal import Support
internal import Synchronization
internal import Workflow

/// Creates a report of every failed attempt: records the steps of each delivery and evaluates them at its end.
final class FailureReporter: Sendable {
    /// Raw facts: text is only formatted on failure, which is rare.
    private struct Course {
        struct Step {
            let action: Action
            let fact: Fact
            let beginning: ContinuousClock.Instant
            let took: Duration
        }

        var steps: [Step] = []

        var problems: [Problem] { self.steps.compactMap(\.fact.problem) }

        /// The last problem of a note, or the last of anything else: a lost note causes no other failure.
        func problem(ofNote: Bool) -> Problem? {
            let problems = self.steps.filter { if case .note = $0.fact { ofNote } else { !ofNote } }.compactMap(
                \.fact.problem)
            return problems.last { $0.failureClass != .other } ?? problems.last
        }

        var cause: FailureCause? {
            self.steps.lazy.compactMap { if case .reportFailure(let cause) = $0.action { cause } else { nil } }.last
        }
    }

    /// A delivery has about ten steps.
    private static let longestTimeline = 64

    private let host: String
    private let secrets: [Secret]
    private let meters: Metrics
    private let ledger: ReportLedger
    private let sink: @Sendable (FailureReport) -> Void
    private let courses = Mutex<[DeliveryContext.ID: Course]>([:])

    /// - Parameter sink: stores a report. Must be quick.
    init(
        host: String, hiding secrets: [Secret], meters: Metrics, ledger: ReportLedger,
        sink: @escaping @Sendable (FailureReport) -> Void
    ) {
        (self.host, self.secrets, self.meters, self.ledger, self.sink) = (host, secrets, meters, ledger, sink)
    }

    func observe(_ event: DeliveryEvent, _ context: DeliveryContext) {
        switch event {
        case .received, .actionStarted, .setAside: break
        case .started: self.courses.withLock { $0[context.id] = Course() }
        case .actionCompleted(let action, let fact, let took):
            let step = Course.Step(action: action, fact: fact, beginning: .now - took, took: took)
            self.courses.withLock {
                if $0[context.id]?.steps.count ?? Self.longestTimeline < Self.longestTimeline {
                    $0[context.id]?.steps.append(step)
                }
            }
        case .settled(let settlement, let facts, _):
            let course = self.courses.withLock { $0.removeValue(forKey: context.id) } ?? Course()
            guard let kind = FailureReport.Kind(settlement, facts, context.command) else { return }
            self.report(kind, course, facts.summary(of: context.command), context)
        // The next delivery reports the outcome.
        case .takenBack: self.courses.withLock { $0[context.id] = nil }
        case .requeued:
            let course = self.courses.withLock { $0.removeValue(forKey: context.id) } ?? Course()
            self.report(.handedBack, course, "the worker ended before it was done", context)
        }
    }

    private func report(_ kind: FailureReport.Kind, _ course: Course, _ summary: String, _ context: DeliveryContext) {
        var causes: [String] = []
        // From symptom to root cause.
        for text in [course.cause?.description, summary].compactMap({ $0 }) + course.problems.reversed().map(\.detail)
        where !causes.contains(where: { $0.contains(text) }) {
            causes.append(text)
        }
        // Poison may be decoded only if its build was failed: it was decoded without a crash then.
        let build = course.cause == nil ? context.build : context.decodeBuild()
        if case .failure(let error) = context.message { causes.append(error.description) }
        var report = FailureReport(
            id: context.reportID, kind, self.root(kind, course, summary, causes), causes: causes, host: self.host,
            hiding: self.secrets + [build?.token].compactMap { $0 })
        report.buildID = build?.buildID.rawValue
        report.jobID = build?.jobID?.sanitizedForLog(limit: 100, hiding: self.secrets)
        report.jobType = context.jobType
        report.queue = context.delivery.queue
        report.attempt = context.attempt
        report.timeline = course.steps.map { step in
            FailureReport.Step(
                atMilliseconds: max(0, Int((step.beginning - context.arrival) / .milliseconds(1))),
                step: step.action.words,
                outcome: step.fact.words.withoutCredentials.sanitizedForLog(
                    limit: 300, hiding: self.secrets + context.tokens),
                tookMilliseconds: Int(step.took / .milliseconds(1)))
        }
        self.tell(report, context.logger)
    }

    func tell(_ report: FailureReport, _ logger: Logger) {
        self.meters.count(.reports, report.kind.rawValue, report.failureClass.rawValue)
        self.ledger.add(report)
        logger.log(
            level: report.kind.isLoud ? .error : .warning, "failure report",
            metadata: [
                "reportId": .string(report.id), "fingerprint": .string(report.fingerprint),
                "kind": .string(report.kind.rawValue),
                "class": .string(report.failureClass.rawValue),
                "cause": .string(report.causes.joined(separator: " <- ")),
            ])
        self.sink(report)
    }

    /// The root cause for an operator: why the build failed, else the last problem.
    private func root(_ kind: FailureReport.Kind, _ course: Course, _ summary: String, _ causes: [String]) -> Problem {
        let text = causes.last ?? ""
        switch kind {
        case .parked, .dropped: return Problem(.message, text)
        case .poison: return Problem(.poison, text)
        // Regardless of earlier problems.
        case .handedBack, .crashed, .startFailed: return Problem(.worker, summary)
        case .buildFailed: if let cause = course.cause { return Problem(cause.failureClass, cause.root) }
        case .owed, .noteLost, .failureRefused, .retried, .postponed, .gaveUp: break
        }
        let isNote = kind == .noteLost
        return course.problem(ofNote: isNote) ?? course.problem(ofNote: !isNote) ?? Problem(.other, text)
    }
}

extension FailureReport.Kind {
    init?(_ settlement: Settlement, _ facts: Facts, _ command: BuildCommand) {
        if case .refused = facts.build, settlement == .ack {
            self = .failureRefused
            return
        }
        switch (facts.postponement, facts.failure, settlement) {
        case (.confirmed, _, _): self = .postponed
        case (_, .refused, .ack): self = .failureRefused
        case (_, .notTaken, .ack): self = .owed
        case (_, .taken, .ack): if case .poison = command { self = .poison } else { self = .buildFailed }
        case (_, _, .nack): self = .retried
        case (_, _, .ack):
            switch command {
            case .unreadable: self = facts.parking == .confirmed ? .parked : .dropped
            case .poison: self = .poison
            case .start, .stop, .verify, .clear:
                if facts.parking != nil {
                    self = .owed
                    return
                }
                if case .failed = facts.deletion {
                    self = .gaveUp
                } else if case .failed = facts.clearing {
                    self = .gaveUp
                } else {
                    switch facts.note {
                    case .lost, .refused: self = .noteLost
                    case .taken, .ended, nil: return nil
                    }
                }
            }
        }
    }

    fileprivate var isLoud: Bool {
        switch self {
        case .buildFailed, .failureRefused, .owed, .parked, .dropped, .poison, .gaveUp, .crashed, .startFailed: true
        case .retried, .postponed, .noteLost, .handedBack: false
        }
    }
}
