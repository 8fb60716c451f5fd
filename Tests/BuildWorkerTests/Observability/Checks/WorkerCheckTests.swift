import Testing

@testable import BuildWorker
@testable import Spool
@testable import Support

@Suite struct WorkerCheckTests {
    private let check = WorkerCheck(heartbeat: .seconds(20))

    /// As a worker that does well says it.
    private static let well: JSONValue = [
        "host": "worker-0", "ready": true, "live": true, "draining": false, "problems": [],
        "connections": [
            ["role": "consume", "connected": true, "blocked": nil],
            ["role": "publish", "connected": true, "blocked": nil],
        ],
        "loops": [
            ["name": "consume", "ageSeconds": .number("0.4")], ["name": "publish", "ageSeconds": .number("9.5")],
        ],
        "breakers": [["service": "Kubernetes", "open": false]],
        "inFlight": [["buildId": 4711, "step": "create the pod"]], "unacked": 3,
        "oldestUnackedSeconds": .number("1.5"),
    ]

    @Test func aWorkerThatDoesWell() {
        #expect(
            self.check.judge(Self.well).line
                == "OK - worker-0 consumes, 3 in flight | connections=2;;;0 breakers_open=0;;;0 unacked=3;;;0 oldest_unacked=1.5s;300;900;0"
                + " loop_consume=0.4s;;40;0 loop_publish=9.5s;;40;0")
    }

    @Test(
        arguments: [
            (
                ["ready": false, "problems": ["queue builds: there is no such queue"]], CheckStatus.critical,
                "queue builds: there is no such queue"
            ),
            (["ready": false], .critical, "it does not consume"),
            (
                ["live": false, "problems": ["a step has taken 6 min"]], .critical,
                "it makes no progress; a step has taken 6 min"
            ),
            (["ready": false, "draining": true, "problems": ["draining"]], .warning, "draining"),
            (
                ["ready": false, "draining": true, "live": false, "problems": ["draining"]], .critical,
                "it makes no progress; draining"
            ),
            (
                ["oldestUnackedSeconds": 301], .warning,
                "the oldest delivery has been in flight for 301 s: build 4711, create the pod (300)"
            ),
            (
                ["oldestUnackedSeconds": 901], .critical,
                "the oldest delivery has been in flight for 901 s: build 4711, create the pod (900)"
            ),
            (["oldestUnackedSeconds": nil, "unacked": 0], .ok, "worker-0 consumes, 0 in flight"),
            (
                ["loops": [["name": "consume", "ageSeconds": 41]]], .critical,
                "the consume connection's event loop stalled for 41 s (40)"
            ),
        ] as [(JSONValue, CheckStatus, String)])
    func whatIsWrongIsSaid(change: JSONValue, status: CheckStatus, text: String) {
        var document = Self.well
        for member in change.members ?? [] { document[member.name] = member.value }
        let result = self.check.judge(document)
        #expect(result.status == status)
        #expect(result.line.hasPrefix("\(status.rawValue) - \(text) | "), "\(result.line)")
    }

    /// A supervisor that restarts the worker must not do so because of an outage.
    @Test func lifeIsAllThatIsAskedFor() {
        var check = self.check
        check.asksForLifeOnly = true
        var document = Self.well
        document["ready"] = false
        document["problems"] = ["RabbitMQ: not connected"]
        document["oldestUnackedSeconds"] = 901
        #expect(check.judge(document).line == "OK - worker-0 is alive")
        document["live"] = false
        #expect(check.judge(document).line == "CRITICAL - worker-0 makes no progress; RabbitMQ: not connected")
    }

    /// The heartbeat file has no list of what is in flight.
    @Test func membersThatAreMissingAreNotHeldAgainstIt() {
        let result = self.check.judge(["ready": true, "live": true, "problems": []])
        #expect(
            result.line
                == "OK - the worker consumes, ? in flight | connections=U breakers_open=U unacked=U oldest_unacked=U")
    }

    @Test(arguments: [
        JSONValue.null, "text", [], [:], ["ready": true, "live": true], ["ready": "yes", "live": true, "problems": []],
    ])
    func whatIsNoWorkerIsUnknown(document: JSONValue) { #expect(self.check.judge(document).status == .unknown) }

    @Test func withoutAServerTheHeartbeatFileCounts() {
        func judge(_ heartbeat: Heartbeat?) -> String {
            self.check.judge(unreachable: "cannot connect", heartbeat).line
        }
        #expect(judge(nil) == "CRITICAL - cannot connect, and there is no heartbeat file")
        #expect(
            judge(Heartbeat(document: Self.well, age: .seconds(15.1), isOfTheDead: false))
                == "CRITICAL - cannot connect, and the last heartbeat is 15.1 s old")
        #expect(
            judge(Heartbeat(document: Self.well, age: .seconds(1), isOfTheDead: true))
                == "CRITICAL - cannot connect, and the last heartbeat is 1 s old and of a process that is gone")
        #expect(
            judge(Heartbeat(document: Self.well, age: .seconds(15), isOfTheDead: false))
                .hasPrefix(
                    "WARNING - cannot connect; its heartbeat file of 15 s ago was looked at instead | connections=2"))
        var stuck = Self.well
        stuck["live"] = false
        #expect(
            judge(Heartbeat(document: stuck, age: .seconds(1), isOfTheDead: false)).hasPrefix(
                "CRITICAL - it makes no progress; cannot connect"))
    }
}
