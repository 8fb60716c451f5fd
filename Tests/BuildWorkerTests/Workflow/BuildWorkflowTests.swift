import Testing

@testable import BuildWorker

/// The tables of WORKFLOW.md, row by row.
@Suite struct BuildWorkflowTests {
    static let rules = WorkflowRules(reprocessLimit: 5, verifyLimit: 6, initTimeout: .seconds(300), usesRetryQueue: true)
    static let withoutRetryQueue = WorkflowRules(reprocessLimit: 5, usesRetryQueue: false)

    /// One arrow of the diagram: what is known, and what follows.
    struct Arrow: CustomTestStringConvertible {
        let testDescription: String
        let command: BuildCommand
        let facts: Facts
        let next: Action
        let rules: WorkflowRules

        init(
            _ name: String, _ command: BuildCommand, _ known: Facts = Facts(), _ learned: [Fact] = [], _ next: Action,
            rules: WorkflowRules = BuildWorkflowTests.rules
        ) {
            (self.testDescription, self.command, self.next, self.rules) = (name, command, next, rules)
            var facts = known
            learned.forEach { facts.record($0) }
            self.facts = facts
        }
    }

    static let pending = Fact.pod(.pending(node: nil, waitsFor: "a node"))
    static let pendingOnNode = Fact.pod(.pending(node: "n1", waitsFor: "its image"))
    static let running = Fact.pod(.running(node: "n1"))
    static func attempt(_ attempt: Int) -> Facts { Facts(attempt: attempt) }

    /// Known while the cluster or the build API fails for everybody.
    static func outage(attempt: Int = 0) -> Facts {
        var facts = Facts(attempt: attempt)
        facts.recordOutage()
        return facts
    }

    @Test(arguments: [
        Arrow("a fresh start creates the pod", .start, .createPod),
        Arrow("201: look at the pod", .start, Facts(), [.creation(.created())], .lookAtPod),
        Arrow("201 that shows the pod pending: the timer", .start, Facts(), [.creation(.created(seen: .pending(node: nil, waitsFor: "a node")))], .armTimer(round: 1, telling: .waitingForResources)),
        Arrow("409: look at the pod", .start, Facts(), [.creation(.alreadyExists)], .lookAtPod),
        Arrow("409 and the pod is ours: as created", .start, Facts(), [.creation(.alreadyExists), running], .armTimer(round: 1, telling: .scheduled(node: "n1"))),
        Arrow("409 and the pod is terminating: retry", .start, Facts(), [.creation(.alreadyExists), .pod(.terminating)], .settle(.nack)),
        Arrow("409 and the pod is not ours: retry", .start, Facts(), [.creation(.alreadyExists), .pod(.foreign)], .settle(.nack)),
        Arrow("409 and the pod is gone: retry", .start, Facts(), [.creation(.alreadyExists), .pod(.absent)], .settle(.nack)),
        Arrow(
            "terminating at the limit fails the build", .start, attempt(5), [.build(.active), .creation(.alreadyExists), .pod(.terminating)],
            .reportFailure(.retriesExhausted(retries: 5, detail: "an earlier pod of this build is still being deleted"))),
        Arrow("pending: the timer first", .start, Facts(), [.creation(.created()), pending], .armTimer(round: 1, telling: .waitingForResources)),
        Arrow("running: the timer first", .start, Facts(), [.creation(.created()), running], .armTimer(round: 1, telling: .scheduled(node: "n1"))),
        Arrow("then the note: waiting", .start, Facts(), [.creation(.created()), pending, .timer(.held)], .tellBuild(.waitingForResources)),
        Arrow("then the note: scheduled", .start, Facts(), [.creation(.created()), pendingOnNode, .timer(.held)], .tellBuild(.scheduled(node: "n1"))),
        Arrow("then ack", .start, Facts(), [.creation(.created()), pending, .timer(.held), .note(.taken)], .settle(.ack)),
        Arrow("a timer that is not confirmed: nack", .start, Facts(), [.creation(.created()), pending, .timer(.notHeld)], .settle(.nack)),
        Arrow(
            "a timer that is not confirmed, past the limit: nack, not FAILURE", .start, attempt(9), [pending, .timer(.notHeld)], .settle(.nack)),
        Arrow("no init queue: the timer stays here", .start, Facts(), [.creation(.created()), pending, .timer(.noQueue)], .keepTimer(round: 1)),
        Arrow(
            "a timer kept here, then the note", .start, Facts(), [.creation(.created()), pending, .timer(.noQueue), .timerKept(.done)],
            .tellBuild(.waitingForResources)),
        Arrow(
            "a timer that cannot be written down: nack", .start, Facts(),
            [.creation(.created()), pending, .timer(.noQueue), .timerKept(.failed(detail: "No space left on device"))], .settle(.nack)),
        Arrow("pod failed: verify now, no timer", .start, Facts(), [.creation(.created()), .pod(.failed(phase: "failed", detail: ""))], .requestVerification),
        Arrow("image error: verify now", .start, Facts(), [.creation(.created()), .pod(.imageError(detail: ""))], .requestVerification),
        Arrow("container error: verify now", .start, Facts(), [.creation(.created()), .pod(.containerError(detail: ""))], .requestVerification),
        Arrow("the look failed: verify now", .start, Facts(), [.creation(.created()), .pod(.unseen(detail: ""))], .requestVerification),
        Arrow(
            "verification confirmed: ack", .start, Facts(), [.creation(.created()), .pod(.imageError(detail: "")), .verification(.held)], .settle(.ack)),
        Arrow(
            "verification not confirmed: nack", .start, Facts(), [.creation(.created()), .pod(.imageError(detail: "")), .verification(.notHeld)],
            .settle(.nack)),
        Arrow(
            "no retry queue to verify on: nack", .start, Facts(), [.creation(.created()), .pod(.imageError(detail: "")), .verification(.noQueue)],
            .settle(.nack)),
        Arrow(
            "400/422: FAILURE at once", .start, Facts(), [.creation(.rejected(detail: "spec.x"))], .reportFailure(.podRejected(detail: "spec.x"))),
        Arrow("quota, 429, 5xx, network: nack below the limit", .start, attempt(4), [.build(.active), .creation(.refused(detail: "500"))], .settle(.nack)),
        Arrow("at the limit: look once more", .start, attempt(5), [.build(.active), .creation(.refused(detail: "500"))], .lookAtPod),
        Arrow(
            "at the limit and no pod: FAILURE", .start, attempt(5), [.build(.active), .creation(.refused(detail: "500")), .pod(.absent)],
            .reportFailure(.retriesExhausted(retries: 5, detail: "500"))),
        Arrow(
            "at the limit, but the lost answer had made the pod: adopt", .start, attempt(5),
            [.build(.active), .creation(.refused(detail: "timed out")), running], .armTimer(round: 1, telling: .scheduled(node: "n1"))),
        Arrow("past the limit nothing is created", .start, attempt(6), .lookAtPod),
        Arrow(
            "past the limit only the report is tried", .start, attempt(6), [.pod(.absent)],
            .reportFailure(.retriesExhausted(retries: 5, detail: "its pod could not be started"))),
        Arrow("past the limit a pod that cannot be seen is no cause", .start, attempt(6), [.pod(.unseen(detail: "503"))], .settle(.nack)),
        Arrow(
            "past the limit the pod's own fault is the cause", .start, attempt(6), [.pod(.imageError(detail: "x"))],
            .reportFailure(.imageUnavailable(detail: "x"))),
        Arrow(
            "at the limit and the pod cannot be seen either: FAILURE", .start, attempt(5),
            [.build(.active), .creation(.refused(detail: "500")), .pod(.unseen(detail: "503"))],
            .reportFailure(.retriesExhausted(retries: 5, detail: "500"))),
        Arrow("FAILURE taken: ack", .start, attempt(5), [.failure(.taken)], .settle(.ack)),
        Arrow("FAILURE refused for good: has the build ended?", .start, attempt(5), [.failure(.refused)], .askForBuild),
        Arrow("FAILURE refused for good, the build finished: ack", .start, attempt(5), [.failure(.refused), .build(.finished)], .settle(.ack)),
        Arrow("FAILURE refused for good, the build aborted: remove its pods", .start, attempt(5), [.failure(.refused), .build(.aborted)], .deletePods),
        Arrow("FAILURE not taken: it waits, without an attempt, so that its cause is not forgotten", .start, attempt(5), [.failure(.notTaken)], .postpone),
        Arrow("FAILURE not taken, postponed: ack", .start, attempt(5), [.failure(.notTaken), .postponement(.held)], .settle(.ack)),
        Arrow("a repeated start asks the API first", .start, Facts(isRepeated: true), .askForBuild),
        Arrow("a retried start asks the API first", .start, attempt(1), .askForBuild),
        Arrow("a build that has ended: remove what was made", .start, attempt(1), [.build(.finished)], .deletePods),
        Arrow("a build that has ended, removed: ack", .start, attempt(1), [.build(.finished), .deletion(.done)], .settle(.ack)),
        Arrow("an aborted build: remove what was made", .start, attempt(1), [.build(.aborted)], .deletePods),
        Arrow("the API refuses the note: has the build ended?", .start, Facts(), [.creation(.created()), pending, .timer(.held), .note(.refused)], .askForBuild),
        Arrow(
            "stopped while it started: remove what was made", .start, Facts(),
            [.creation(.created()), pending, .timer(.held), .note(.refused), .build(.aborted)], .deletePods),
        Arrow(
            "the note was refused, yet the build is active: ack", .start, Facts(),
            [.creation(.created()), pending, .timer(.held), .note(.refused), .build(.active)], .settle(.ack)),
        Arrow(
            "a refusal outdates what the API said before", .start, attempt(1),
            [.build(.active), .creation(.created()), pending, .timer(.held), .note(.refused)], .askForBuild),
        Arrow("a lost note: ack", .start, Facts(), [.creation(.created()), pending, .timer(.held), .note(.lost)], .settle(.ack)),
        Arrow("in an outage the message waits without an attempt", .start, outage(), [.creation(.refused(detail: "refused"))], .postpone),
        Arrow("at the limit too", .start, outage(attempt: 5), [.build(.active), .creation(.refused(detail: "refused"))], .postpone),
        Arrow("postponed: ack", .start, outage(), [.creation(.refused(detail: "refused")), .postponement(.held)], .settle(.ack)),
        Arrow("no wait queue: nack", .start, outage(), [.creation(.refused(detail: "refused")), .postponement(.noQueue)], .settle(.nack)),
        Arrow("not confirmed: nack", .start, outage(), [.creation(.refused(detail: "refused")), .postponement(.notHeld)], .settle(.nack)),
        Arrow("FAILURE not taken in an outage: wait without an attempt", .start, outage(), [.failure(.notTaken)], .postpone),
        Arrow("a build that is active goes on", .start, attempt(1), [.build(.active)], .createPod),
        Arrow("an API that cannot be asked does not stop a start", .start, attempt(1), [.build(.unavailable(detail: ""))], .createPod),
        Arrow("a start after its stop does nothing", .start, Facts(wasStopped: true), .settle(.ack)),
        Arrow("a repeated start after its stop removes what was made", .start, Facts(isRepeated: true, wasStopped: true), .deletePods),
        Arrow("an earlier pod that cannot be seen: retry", .start, Facts(), [.creation(.alreadyExists), .pod(.unseen(detail: "503"))], .settle(.nack)),
        Arrow(
            "retry queue off: no timer, no publication", .start, Facts(), [.creation(.created()), pending], .tellBuild(.waitingForResources),
            rules: withoutRetryQueue),
        Arrow("retry queue off: ack", .start, Facts(), [.creation(.created()), pending, .note(.taken)], .settle(.ack), rules: withoutRetryQueue),
        Arrow(
            "retry queue off and the pod failed: FAILURE, or nobody would tell", .start, Facts(),
            [.creation(.created()), .pod(.imageError(detail: "x"))], .reportFailure(.imageUnavailable(detail: "x")), rules: withoutRetryQueue),
    ])
    func start(_ arrow: Arrow) { self.check(arrow) }

    @Test(arguments: [
        Arrow("a verify lists the build's pods", .verify, .listPods),
        Arrow("running: tell the node", .verify, Facts(), [running], .tellBuild(.scheduled(node: "n1"))),
        Arrow("running, told: ack", .verify, Facts(), [running, .note(.taken)], .settle(.ack)),
        Arrow("running on no known node: ack", .verify, Facts(), [.pod(.running(node: nil))], .settle(.ack)),
        Arrow("succeeded: tell the node", .verify, Facts(), [.pod(.succeeded(node: "n1"))], .tellBuild(.scheduled(node: "n1"))),
        Arrow(
            "failed: FAILURE with the cause", .verify, Facts(), [.pod(.failed(phase: "failed", detail: "Evicted"))],
            .reportFailure(.podFailed(phase: "failed", detail: "Evicted"))),
        Arrow(
            "unknown: FAILURE", .verify, Facts(), [.pod(.failed(phase: "unknown", detail: ""))],
            .reportFailure(.podFailed(phase: "unknown", detail: ""))),
        Arrow("image error: FAILURE", .verify, Facts(), [.pod(.imageError(detail: "x"))], .reportFailure(.imageUnavailable(detail: "x"))),
        Arrow("container error: FAILURE", .verify, Facts(), [.pod(.containerError(detail: "x"))], .reportFailure(.containerCannotStart(detail: "x"))),
        Arrow("pending: another timer", .verify, Facts(isFromInitTimer: true, round: 1), [pending], .armTimer(round: 2, telling: .delayed)),
        Arrow("pending, from the timer: then the delay is told", .verify, Facts(isFromInitTimer: true, round: 1), [pending, .timer(.held)], .tellBuild(.delayed)),
        Arrow("pending, told: ack", .verify, Facts(isFromInitTimer: true, round: 1), [pending, .timer(.held), .note(.taken)], .settle(.ack)),
        Arrow("pending, not from the timer: no note", .verify, Facts(round: 0), [pending, .timer(.held)], .settle(.ack)),
        Arrow("pending, timer not confirmed: nack", .verify, Facts(round: 1), [pending, .timer(.notHeld)], .settle(.nack)),
        Arrow("pending for the last but one time", .verify, Facts(round: 5), [pending], .armTimer(round: 6, telling: nil)),
        Arrow(
            "pending to the end: FAILURE says for what and how long", .verify, Facts(round: 6), [pending, pending],
            .reportFailure(.neverBegan(waited: .seconds(1800), waitsFor: "a node"))),
        Arrow("pending to the end: look once more", .verify, Facts(round: 6), [pending], .listPods),
        Arrow("begun at the last look: no FAILURE", .verify, Facts(round: 6), [pending, running], .tellBuild(.scheduled(node: "n1"))),
        Arrow("running, and the note is refused: has the build ended?", .verify, Facts(), [running, .note(.refused)], .askForBuild),
        Arrow("running for an aborted build: remove it", .verify, Facts(), [running, .note(.refused), .build(.aborted)], .deletePods),
        Arrow("running for a finished build: leave it to tidy up", .verify, Facts(), [running, .note(.refused), .build(.finished)], .settle(.ack)),
        Arrow(
            "pending for a finished build: remove it", .verify, Facts(isFromInitTimer: true, round: 1),
            [pending, .timer(.held), .note(.refused), .build(.finished)], .deletePods),
        Arrow("no pod: ask the API", .verify, Facts(), [.pod(.absent)], .askForBuild),
        Arrow("no pod, build ended: ack", .verify, Facts(), [.pod(.absent), .build(.finished)], .settle(.ack)),
        Arrow("no pod, build active: look once more", .verify, Facts(), [.pod(.absent), .build(.active)], .listPods),
        Arrow(
            "no pod, build active: FAILURE", .verify, Facts(), [.pod(.absent), .build(.active), .pod(.absent)], .reportFailure(.podDisappeared)),
        Arrow("no pod, API away for everybody: wait", .verify, outage(attempt: 5), [.pod(.absent), .build(.unavailable(detail: "502"))], .postpone),
        Arrow("no pod, API away: nack", .verify, Facts(), [.pod(.absent), .build(.unavailable(detail: "502"))], .settle(.nack)),
        Arrow("a pod being deleted is no pod", .verify, Facts(), [.pod(.terminating)], .askForBuild),
        Arrow("the API server cannot be asked: nack below the limit", .verify, attempt(4), [.pod(.unseen(detail: "503"))], .settle(.nack)),
        Arrow(
            "the API server cannot be asked: FAILURE at the limit", .verify, attempt(5), [.pod(.unseen(detail: "503")), .pod(.unseen(detail: "503"))],
            .reportFailure(.retriesExhausted(retries: 5, detail: "503"))),
        Arrow("at the limit: look once more", .verify, attempt(5), [.pod(.unseen(detail: "503"))], .listPods),
        Arrow("the API server is away for everybody: wait", .verify, outage(attempt: 5), [.pod(.unseen(detail: "503"))], .postpone),
        Arrow("FAILURE not taken: it waits, past the limit too", .verify, attempt(50), [.pod(.imageError(detail: "")), .failure(.notTaken)], .postpone),
        Arrow("FAILURE not taken nor postponed: nack", .verify, Facts(), [.failure(.notTaken), .postponement(.notHeld)], .settle(.nack)),
    ])
    func verify(_ arrow: Arrow) { self.check(arrow) }

    @Test(arguments: [
        Arrow("stop deletes the pods", .stop, .deletePods),
        Arrow("deleted, or none left: ack", .stop, Facts(), [.deletion(.done)], .settle(.ack)),
        Arrow("not deleted: nack below the limit", .stop, attempt(4), [.deletion(.failed(detail: ""))], .settle(.nack)),
        Arrow("not deleted at the limit: ack", .stop, attempt(5), [.deletion(.failed(detail: ""))], .settle(.ack)),
        Arrow("not deleted in an outage: wait, at the limit too", .stop, outage(attempt: 5), [.deletion(.failed(detail: ""))], .postpone),
        Arrow("poison is parked first", .poison(crashes: 3), .park),
        Arrow("then its build is failed", .poison(crashes: 3), Facts(), [.parking(.held)], .reportFailure(.poison(crashes: 3))),
        Arrow("nowhere to park poison: its build is failed", .poison(crashes: 3), Facts(), [.parking(.noQueue)], .reportFailure(.poison(crashes: 3))),
        Arrow("poison not parked: nack", .poison(crashes: 3), Facts(), [.parking(.notHeld)], .settle(.nack)),
        Arrow("poison parked and told: ack", .poison(crashes: 3), Facts(), [.parking(.held), .failure(.taken)], .settle(.ack)),
        Arrow("clear removes the directory", .clear, .clearCache),
        Arrow("cleared: ack", .clear, Facts(), [.clearing(.done)], .settle(.ack)),
        Arrow("not cleared: nack below the limit", .clear, Facts(), [.clearing(.failed(detail: ""))], .settle(.nack)),
        Arrow("not cleared at the limit: ack", .clear, attempt(5), [.clearing(.failed(detail: ""))], .settle(.ack)),
        Arrow("an unreadable message is parked", .unreadable, .park),
        Arrow("parked: ack", .unreadable, Facts(), [.parking(.held)], .settle(.ack)),
        Arrow("nowhere to park: ack", .unreadable, Facts(), [.parking(.noQueue)], .settle(.ack)),
        Arrow("not parked: nack", .unreadable, Facts(), [.parking(.notHeld)], .settle(.nack)),
    ])
    func others(_ arrow: Arrow) { self.check(arrow) }

    private func check(_ arrow: Arrow) {
        #expect(BuildWorkflow.nextAction(for: arrow.command, given: arrow.facts, rules: arrow.rules) == arrow.next)
    }
}

extension BuildWorkflowTests.Arrow {
    init(_ name: String, _ command: BuildCommand, _ next: Action) { self.init(name, command, Facts(), [], next) }
    init(_ name: String, _ command: BuildCommand, _ known: Facts, _ next: Action) { self.init(name, command, known, [], next) }
}
