import Logging
import Synchronization
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Support
@testable import Workflow

/// Which of all that went wrong on the way a report is about.
@Suite struct FailureReporterTests {
    private final class Reports: Sendable {
        private let all = Mutex<[FailureReport]>([])
        var last: FailureReport? { self.all.withLock { $0.last } }
        func add(_ report: FailureReport) { self.all.withLock { $0.append(report) } }
    }

    private static func report(_ job: String, _ settlement: Settlement?, _ steps: (Action, Fact)...) -> FailureReport? {
        let reports = Reports()
        let reporter = FailureReporter(
            host: "h", hiding: [], meters: Metrics(PrometheusMetrics()), ledger: ReportLedger()
        ) { reports.add($0) }
        let body =
            #"{"job":"\#(job)","buildConfig":{"buildId":4711,"jobId":12,"apiUri":"http://api","token":"verySecret","container":"node:22","jobName":"main","eventId":1,"pipeline":{"id":1},"annotations":{}}}"#
        let delivery = Delivery(
            tag: DeliveryTag(generation: 1, channel: 1, number: 1), queue: "builds", isRedelivered: false,
            properties: MessageProperties(), body: Array(body.utf8))
        let context = DeliveryContext(
            delivery, options: RabbitMQOptions(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        var facts = Facts()
        reporter.observe(.received, context)
        reporter.observe(.started, context)
        for (action, fact) in steps {
            facts.record(fact)
            reporter.observe(.actionCompleted(action, fact, took: .zero), context)
        }
        reporter.observe(settlement.map { .settled($0, facts, took: .zero) } ?? .requeued, context)
        return reports.last
    }

    private static let lost = Fact.note(.lost(Problem(.buildAPI, "update build 4711: 503")))
    private static let refusal = Fact.creation(
        .refused(Problem(.quota, "create pod: 403 Forbidden \"exceeded quota: b\"")))
    private static let note = StatusUpdate.scheduled(node: "n")

    @Test func aRetryIsAboutWhatLedToIt() throws {
        let report = try #require(
            Self.report(
                "start", .nack, (.createPod, .creation(.created())),
                (.armTimer(round: 1, telling: Self.note), .timer(.unconfirmed)), (.notifyBuild(Self.note), Self.lost)))
        #expect(report.kind == .retried && report.failureClass == .broker)
        #expect(report.causes.contains { $0.contains("503") }, "the rest is told too")
    }

    @Test func aLostNoteIsAboutTheNote() throws {
        let report = try #require(
            Self.report(
                "start", .ack, (.createPod, .creation(.created())),
                (.armTimer(round: 1, telling: Self.note), .timer(.confirmed)), (.notifyBuild(Self.note), Self.lost)))
        #expect(report.kind == .noteLost && report.failureClass == .buildAPI)
        #expect(report.title == "build-api: update build #: 503 (note-lost)")
    }

    @Test func aFailedBuildIsAboutItsCauseNotTheWayThere() throws {
        let cause = FailureCause.pod(PodFailure(.image, "ErrImagePull: no"))
        let report = try #require(
            Self.report(
                "verify", .ack, (.getPod, .pod(.unknown(Problem(.cluster, "get pod: 500")))),
                (.getPod, .pod(.running(node: nil))), (.reportFailure(cause), .failure(.taken))))
        #expect(report.kind == .buildFailed && report.failureClass == .image)
        #expect(report.title == "image: ErrImagePull: no (build-failed)")
        #expect(report.causes.first == cause.description)
    }

    @Test func whatIsOwedIsAboutTheBuildAPI() throws {
        let problem = Problem(.buildAPI, "update build 4711: 503")
        let report = try #require(
            Self.report(
                "start", .ack, (.createPod, Self.refusal),
                (.reportFailure(.podGone(hasBegun: false, known: nil)), .failure(.notTaken(problem))),
                (.park, .parking(.confirmed))))
        #expect(report.kind == .owed && report.failureClass == .buildAPI)
    }

    @Test func aWorkerThatEndsIsAboutTheWorker() throws {
        let report = try #require(Self.report("start", nil, (.createPod, Self.refusal)))
        #expect(report.kind == .handedBack && report.failureClass == .worker)
        #expect(report.title == "worker: the worker ended before it was done (handed-back)")
    }

    @Test func nothingIsSaidOfWhatWentWell() {
        #expect(
            Self.report(
                "start", .ack, (.createPod, .creation(.created())),
                (.armTimer(round: 1, telling: Self.note), .timer(.confirmed)), (.notifyBuild(Self.note), .note(.taken)))
                == nil)
    }
}
