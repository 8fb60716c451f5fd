import Testing

@testable import BuildWorker
@testable import RabbitMQ

@Suite struct QueuesCheckTests {
    private typealias Queue = QueuesCheck.Queue

    private static func queues(_ changes: Queue...) -> [Queue] {
        let all = [
            Queue(.build, "builds", ready: 1, consumers: 2), Queue(.wait, "builds.wait", ready: 2, consumers: 0),
            Queue(.retry, "builds.retry", ready: 3, consumers: 2),
            Queue(.retryWait, "builds.retry.wait", ready: 4, consumers: 0),
            Queue(.initTimers, "builds.retry.init", ready: 5, consumers: 0),
            Queue(.parked, "builds.parked", ready: 0, consumers: 0),
        ]
        return all.map { queue in changes.first { $0.role == queue.role } ?? queue }
    }

    private static let fine = [TopologyFinding(severity: .ok, subject: "exchange build", text: "exists")]

    @Test func queuesThatAreWell() {
        let result = QueuesCheck().judge(Self.queues(), Self.fine, expectedTimers: 4)
        #expect(
            result.line
                == "OK - 1 in builds, 2 in builds.wait, 3 in builds.retry, 4 in builds.retry.wait, 5 in builds.retry.init, 0 in builds.parked"
                + " | build=1;100;1000;0 build_consumers=2;;1:;0 wait=2;100;1000;0 retry=3;100;1000;0 retry_consumers=2;;1:;0"
                + " retry_wait=4;100;1000;0 init=5;;;0 parked=0;0;;0 timers_expected=4;;;0")
    }

    @Test(arguments: [
        (Queue(.build, "builds", ready: 101, consumers: 1), CheckStatus.warning, "101 in builds (100)"),
        (Queue(.build, "builds", ready: 1001, consumers: 1), .critical, "1001 in builds (1000)"),
        (Queue(.retryWait, "builds.retry.wait", ready: 101, consumers: 0), .warning, "101 in builds.retry.wait (100)"),
        (Queue(.initTimers, "builds.retry.init", ready: 5000, consumers: 0), .ok, "1 in builds, "),
        (Queue(.build, "builds", ready: 0, consumers: 0), .critical, "no consumers on builds (1:)"),
        (Queue(.retry, "builds.retry", ready: 0, consumers: 0), .critical, "no consumers on builds.retry (1:)"),
        (
            Queue(.parked, "builds.parked", ready: 1, consumers: 0), .warning,
            "1 in builds.parked: 'worker parked list' says why (0)"
        ),
        // What is missing is said by the topology's findings.
        (Queue(.retry, "builds.retry", ready: nil, consumers: nil), .ok, "1 in builds, "),
    ])
    func whatIsWrongIsSaid(queue: QueuesCheck.Queue, status: CheckStatus, text: String) {
        let result = QueuesCheck().judge(Self.queues(queue), Self.fine, expectedTimers: nil)
        #expect(result.line.hasPrefix("\(status.rawValue) - \(text)"), "\(result.line)")
    }

    /// - Parameter there: timers in the init queue.
    @Test(arguments: [
        (0, 0, CheckStatus.ok), (0, 10, .ok), (0, 11, .warning), (10, 20, .ok), (10, 21, .warning), (50, 100, .ok),
        (49, 100, .warning), (200, 100, .ok),
    ])
    func timersThatAreNotThere(there: Int, expected: Int, status: CheckStatus) {
        let queues = Self.queues(Queue(.initTimers, "builds.retry.init", ready: there, consumers: 0))
        #expect(QueuesCheck().judge(queues, Self.fine, expectedTimers: expected).status == status)
    }

    @Test func driftIsSaidAndMayBeAccepted() {
        let warning = TopologyFinding(severity: .warning, subject: "queue builds", text: "x-overflow is not set")
        let problem = TopologyFinding(severity: .problem, subject: "queue builds", text: "x-message-ttl is '5000'")
        var check = QueuesCheck()
        #expect(
            check.judge(Self.queues(), [warning], expectedTimers: nil).line.hasPrefix(
                "WARNING - queue builds: x-overflow is not set | "))
        #expect(
            check.judge(Self.queues(), [warning, problem], expectedTimers: nil).line.hasPrefix(
                "CRITICAL - queue builds: x-message-ttl is '5000'; queue"))
        check.acceptsDrift = true
        #expect(check.judge(Self.queues(), [warning], expectedTimers: nil).status == .ok)
        #expect(
            check.judge(Self.queues(), [problem], expectedTimers: nil).status == .critical,
            "what loses messages is never accepted")
    }
}
