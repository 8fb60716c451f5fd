import Testing

@testable import BuildWorker
@testable import Support
@testable import Workflow

/// The tables of WORKFLOW.md, row by row.
@Suite struct BuildWorkflowTests {
    static let rules = WorkflowRules(reprocessLimit: 5, verifyLimit: 6, initTimeout: .seconds(300))

    /// One arrow of the diagram: what is known, and what follows.
    struct Arrow: CustomTestStringConvertible {
        let testDescription: String
        let command: BuildCommand
        let facts: Facts
        let next: Decision
        let rules: WorkflowRules

        init(
            _ name: String, _ command: BuildCommand, _ known: Facts = Facts(), _ learned: [Fact] = [], _ next: Decision,
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
    static let ran = Fact.pod(.broken(PodFailure(.ended(phase: "failed"), "", hasBegun: true)))
    static let healing = Fact.pod(.broken(PodFailure(.image, "429", outlook: .transient)))
    static let unclear = Fact.pod(.broken(PodFailure(.image, "", outlook: .unclear)))
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
        Arrow("201: look at the pod", .start, Facts(), [.creation(.created())], .getPod),
        Arrow(
            "201 that shows the pod pending: the timer", .start, Facts(),
            [.creation(.created(seen: .pending(node: nil, waitsFor: "a node")))],
            .armTimer(round: 1, telling: .waitingForResources)),
        Arrow("409: look at the pod", .start, Facts(), [.creation(.alreadyExists)], .getPod),
        Arrow(
            "409 and the pod is ours: as created", .start, Facts(), [.creation(.alreadyExists), running],
            .armTimer(round: 1, telling: .scheduled(node: "n1"))),
        Arrow(
            "409 and the pod is terminating: retry", .start, Facts(),
            [.creation(.alreadyExists), .pod(.terminating(detail: ""))], .settle(.nack)),
        Arrow(
            "409 and the pod is not ours: retry", .start, Facts(), [.creation(.alreadyExists), .pod(.notOwned)],
            .settle(.nack)),
        Arrow(
            "409 and the pod is gone: retry", .start, Facts(), [.creation(.alreadyExists), .pod(.notFound)],
            .settle(.nack)),
        Arrow(
            "terminating at the limit fails the build", .start, attempt(5),
            [.build(.waiting), .creation(.alreadyExists), .pod(.terminating(detail: ""))],
            .reportFailure(
                .retriesExhausted(retries: 5, Problem(.node, "an earlier pod of this build is still being deleted")))),
        Arrow(
            "pending: the timer first", .start, Facts(), [.creation(.created()), pending],
            .armTimer(round: 1, telling: .waitingForResources)),
        Arrow(
            "running: the timer first", .start, Facts(), [.creation(.created()), running],
            .armTimer(round: 1, telling: .scheduled(node: "n1"))),
        Arrow(
            "then the note: waiting", .start, Facts(), [.creation(.created()), pending, .timer(.confirmed)],
            .notifyBuild(.waitingForResources)),
        Arrow(
            "then the note: scheduled", .start, Facts(), [.creation(.created()), pendingOnNode, .timer(.confirmed)],
            .notifyBuild(.scheduled(node: "n1"))),
        Arrow(
            "then ack", .start, Facts(), [.creation(.created()), pending, .timer(.confirmed), .note(.taken)],
            .settle(.ack)),
        Arrow(
            "a timer that is not confirmed: nack", .start, Facts(),
            [.creation(.created()), pending, .timer(.unconfirmed)], .settle(.nack)),
        Arrow(
            "a timer that is not confirmed, past the limit: nack, not FAILURE", .start, attempt(9),
            [.build(.waiting), pending, .timer(.unconfirmed)], .settle(.nack)),
        Arrow(
            "no init queue: the timer stays here", .start, Facts(),
            [.creation(.created()), pending, .timer(.unroutable)], .keepTimer(round: 1)),
        Arrow(
            "a timer kept here, then the note", .start, Facts(),
            [.creation(.created()), pending, .timer(.unroutable), .timerKept(.done)],
            .notifyBuild(.waitingForResources)),
        Arrow(
            "a timer that cannot be written down: nack", .start, Facts(),
            [.creation(.created()), pending, .timer(.unroutable), .timerKept(.failed("No space left on device"))],
            .settle(.nack)),
        Arrow(
            "pod failed: verify now, no timer", .start, Facts(),
            [.creation(.created()), .pod(.broken(PodFailure(.ended(phase: "failed"), "")))],
            .requestVerification(isPermanent: true)),
        Arrow(
            "image error: verify now", .start, Facts(), [.creation(.created()), .pod(.broken(PodFailure(.image, "")))],
            .requestVerification(isPermanent: true)),
        Arrow(
            "container error: verify now", .start, Facts(),
            [.creation(.created()), .pod(.broken(PodFailure(.container, "")))], .requestVerification(isPermanent: true)),
        Arrow(
            "the look failed: verify now", .start, Facts(), [.creation(.created()), .pod(.unknown(""))],
            .requestVerification(isPermanent: false)),
        Arrow(
            "verification confirmed: ack", .start, Facts(),
            [.creation(.created()), .pod(.broken(PodFailure(.image, ""))), .verification(.confirmed)], .settle(.ack)),
        Arrow(
            "verification not confirmed: nack", .start, Facts(),
            [.creation(.created()), .pod(.broken(PodFailure(.image, ""))), .verification(.unconfirmed)],
            .settle(.nack)),
        Arrow(
            "400/422: FAILURE at once", .start, Facts(), [.creation(.rejected("spec.x")), .build(.waiting)],
            .reportFailure(.podRejected("spec.x"))),
        Arrow(
            "quota, 429, 5xx, network: nack below the limit", .start, attempt(4),
            [.build(.waiting), .creation(.refused("500"))], .settle(.nack)),
        Arrow(
            "at the limit: look once more", .start, attempt(5), [.build(.waiting), .creation(.refused("500"))], .getPod),
        Arrow(
            "at the limit and no pod: FAILURE", .start, attempt(5),
            [.build(.waiting), .creation(.refused("500")), .pod(.notFound)],
            .reportFailure(.retriesExhausted(retries: 5, "500"))),
        Arrow(
            "at the limit, but the lost answer had made the pod: adopt", .start, attempt(5),
            [.build(.waiting), .creation(.refused("timed out")), running],
            .armTimer(round: 1, telling: .scheduled(node: "n1"))),
        Arrow("past the limit nothing is created", .start, attempt(6), [.build(.waiting)], .getPod),
        Arrow(
            "past the limit only the report is tried", .start, attempt(6),
            [.build(.waiting), .pod(.notFound), .search(.notFound)],
            .reportFailure(.retriesExhausted(retries: 5, "its pod could not be started"))),
        Arrow(
            "past the limit a pod that cannot be seen is no cause", .start, attempt(6),
            [.build(.waiting), .pod(.unknown("503"))], .postpone(.owed)),
        Arrow(
            "past the limit the pod's own fault is verified", .start, attempt(6),
            [.build(.waiting), .pod(.broken(PodFailure(.image, "x")))], .requestVerification(isPermanent: true)),
        Arrow(
            "at the limit and the pod cannot be seen either: FAILURE", .start, attempt(5),
            [.build(.waiting), .creation(.refused("500")), .pod(.unknown("503"))],
            .reportFailure(.retriesExhausted(retries: 5, "500"))),
        Arrow("FAILURE taken: ack", .start, attempt(5), [.failure(.taken)], .settle(.ack)),
        Arrow("FAILURE refused for good: ack", .start, attempt(5), [.failure(.refused("400"))], .settle(.ack)),
        Arrow(
            "FAILURE of a build that has ended: remove what was made", .start, attempt(5), [.failure(.ended)],
            .deletePods),
        Arrow(
            "FAILURE of a build that has ended, verified: remove what is left", .verify, Facts(), [.failure(.ended)],
            .deletePods),
        Arrow(
            "FAILURE not taken: it waits, without an attempt, so that its cause is not forgotten", .start, attempt(5),
            [.failure(.notTaken("502"))], .postpone(.owed)),
        Arrow(
            "FAILURE not taken, postponed: ack", .start, attempt(5),
            [.failure(.notTaken("502")), .postponement(.confirmed)], .settle(.ack)),
        Arrow("a repeated start asks the API first", .start, Facts(isRepeated: true), .ask(.isWaiting)),
        Arrow("a retried start asks the API first", .start, attempt(1), .ask(.isWaiting)),
        Arrow("a build that has ended: remove what was made", .start, attempt(1), [.build(.ended)], .deletePods),
        Arrow(
            "a build that has ended, removed: ack", .start, attempt(1), [.build(.ended), .deletion(.done)],
            .settle(.ack)),
        Arrow("begun or ended: is its pod there?", .start, attempt(1), [.build(.begun)], .getPod),
        Arrow(
            "begun, and its pod runs: adopt", .start, attempt(1), [.build(.begun), running],
            .armTimer(round: 1, telling: .scheduled(node: "n1"))),
        Arrow(
            "begun or ended, and no pod of its name: one of another name?", .start, attempt(1),
            [.build(.begun), .pod(.notFound)], .searchPods),
        Arrow(
            "begun or ended, and no pod at all: which?", .start, attempt(1),
            [.build(.begun), .pod(.notFound), .search(.notFound)], .ask(.hasEnded)),
        Arrow(
            "ended, and no pod: nothing is left to do", .start, attempt(1),
            [.build(.begun), .pod(.notFound), .search(.notFound), .build(.ended)], .deletePods),
        Arrow(
            "begun, and its pod is gone: FAILURE, it is not begun again", .start, attempt(1),
            [.build(.begun), .pod(.notFound), .search(.notFound), .build(.running)],
            .reportFailure(.podGone(hasBegun: true, known: nil))),
        Arrow(
            "frozen: as one that waits", .start, attempt(1),
            [.build(.begun), .pod(.notFound), .search(.notFound), .build(.waiting)], .createPod),
        Arrow(
            "begun or ended, and the API does not say which: it owes the answer", .start, attempt(1),
            [.build(.begun), .pod(.notFound), .search(.notFound), .build(.unavailable("502"))], .postpone(.owed)),
        Arrow(
            "a token that the API does not take: nobody can be told anything", .start, attempt(1),
            [.build(.refused("401"))], .settle(.ack)),
        Arrow(
            "a pod of another name is adopted", .start, attempt(1),
            [.build(.waiting), .pod(.notFound), .search(.running(node: "n1"))],
            .armTimer(round: 1, telling: .scheduled(node: "n1"))),
        Arrow(
            "the API takes no note: the build has ended, and what was made goes", .start, Facts(),
            [.creation(.created()), pending, .timer(.confirmed), .note(.ended)], .deletePods),
        Arrow(
            "a note that is refused for good: the build goes on", .start, Facts(),
            [.creation(.created()), pending, .timer(.confirmed), .note(.refused("401"))], .settle(.ack)),
        Arrow(
            "a lost note: ack", .start, Facts(),
            [.creation(.created()), pending, .timer(.confirmed), .note(.lost("502"))], .settle(.ack)),
        Arrow(
            "in an outage the message waits without an attempt", .start, outage(), [.creation(.refused("refused"))],
            .postpone(.outage)),
        Arrow(
            "at the limit too", .start, outage(attempt: 5), [.build(.waiting), .creation(.refused("refused"))],
            .postpone(.outage)),
        Arrow(
            "postponed: ack", .start, outage(), [.creation(.refused("refused")), .postponement(.confirmed)],
            .settle(.ack)),
        Arrow(
            "no wait queue: nack", .start, outage(), [.creation(.refused("refused")), .postponement(.unroutable)],
            .settle(.nack)),
        Arrow(
            "not confirmed: nack", .start, outage(), [.creation(.refused("refused")), .postponement(.unconfirmed)],
            .settle(.nack)),
        Arrow(
            "FAILURE not taken in an outage: wait without an attempt", .start, outage(), [.failure(.notTaken("502"))],
            .postpone(.outage)),
        Arrow("a build that waits: is there a pod of it?", .start, attempt(1), [.build(.waiting)], .getPod),
        Arrow(
            "a build that waits, and no pod: go on", .start, attempt(1),
            [.build(.waiting), .pod(.notFound), .search(.notFound)], .createPod),
        Arrow(
            "in an outage of the API a start that was here before waits", .start, outage(attempt: 1),
            [.build(.unavailable(""))], .postpone(.outage)),
        Arrow(
            "an API that cannot be asked does not stop a start", .start, attempt(1),
            [.build(.unavailable("")), .pod(.notFound), .search(.notFound)], .createPod),
        Arrow("a start after its stop does nothing", .start, Facts(wasStopped: true), .settle(.ack)),
        Arrow(
            "a repeated start after its stop removes what was made", .start, Facts(isRepeated: true, wasStopped: true),
            .deletePods),
        Arrow(
            "an earlier pod that cannot be seen: retry", .start, Facts(),
            [.creation(.alreadyExists), .pod(.unknown("503"))], .settle(.nack)),
        Arrow(
            "no retry queue and the pod failed: FAILURE at once", .start, Facts(),
            [
                .creation(.created()), .pod(.broken(PodFailure(.image, "x"))), .verification(.unroutable),
                .build(.waiting),
            ], .reportFailure(.pod(PodFailure(.image, "x")))),
        Arrow(
            "no retry queue and trouble that may pass: its time", .start, Facts(),
            [
                .creation(.created()), .pod(.broken(PodFailure(.image, "x", outlook: .transient))),
                .verification(.unroutable),
            ], .postpone(.healing)),
        Arrow(
            "no retry queue and the look failed: the timer stays here", .start, Facts(),
            [.creation(.created()), .pod(.unknown("")), .verification(.unroutable)],
            .keepTimer(round: 1)),
        Arrow(
            "kept: ack", .start, Facts(),
            [.creation(.created()), .pod(.unknown("")), .verification(.unroutable), .timerKept(.done)], .settle(.ack)),
    ])
    func start(_ arrow: Arrow) { self.check(arrow) }

    @Test(arguments: [
        Arrow("a verify looks at the pod by its name", .verify, .getPod),
        Arrow("running: tell the node", .verify, Facts(), [running], .notifyBuild(.scheduled(node: "n1"))),
        Arrow("running, told: ack", .verify, Facts(), [running, .note(.taken)], .settle(.ack)),
        Arrow("running on no known node: ack", .verify, Facts(), [.pod(.running(node: nil))], .settle(.ack)),
        Arrow(
            "succeeded: tell the node", .verify, Facts(), [.pod(.succeeded(node: "n1"))],
            .notifyBuild(.scheduled(node: "n1"))),
        Arrow(
            "failed: FAILURE with the cause", .verify, Facts(),
            [.pod(.broken(PodFailure(.ended(phase: "failed"), "Evicted"))), .build(.waiting)],
            .reportFailure(.pod(PodFailure(.ended(phase: "failed"), "Evicted")))),
        Arrow(
            "unknown: FAILURE", .verify, Facts(),
            [.pod(.broken(PodFailure(.ended(phase: "unknown"), ""))), .build(.waiting)],
            .reportFailure(.pod(PodFailure(.ended(phase: "unknown"), "")))),
        Arrow(
            "image error: FAILURE", .verify, Facts(), [.pod(.broken(PodFailure(.image, "x"))), .build(.waiting)],
            .reportFailure(.pod(PodFailure(.image, "x")))),
        Arrow(
            "container error: FAILURE", .verify, Facts(),
            [.pod(.broken(PodFailure(.container, "x"))), .build(.waiting)],
            .reportFailure(.pod(PodFailure(.container, "x")))),
        Arrow(
            "pending: another timer", .verify, Facts(isFromInitTimer: true, round: 1), [pending],
            .armTimer(round: 2, telling: .delayed)),
        Arrow(
            "pending, from the timer: then the delay is told", .verify, Facts(isFromInitTimer: true, round: 1),
            [pending, .timer(.confirmed)], .notifyBuild(.delayed)),
        Arrow(
            "pending, told: ack", .verify, Facts(isFromInitTimer: true, round: 1),
            [pending, .timer(.confirmed), .note(.taken)], .settle(.ack)),
        Arrow(
            "pending, not from the timer: no note", .verify, Facts(round: 0), [pending, .timer(.confirmed)],
            .settle(.ack)),
        Arrow(
            "pending, timer not confirmed: nack", .verify, Facts(round: 1), [pending, .timer(.unconfirmed)],
            .settle(.nack)),
        Arrow(
            "pending for the last but one time", .verify, Facts(round: 5), [pending], .armTimer(round: 6, telling: nil)),
        Arrow(
            "pending to the end: FAILURE says for what and how long", .verify, Facts(round: 6),
            [pending, pending, .build(.waiting)],
            .reportFailure(.neverBegan(waited: .seconds(1800), waitsFor: "a node"))),
        Arrow("pending to the end: look once more", .verify, Facts(round: 6), [pending], .getPod),
        Arrow(
            "begun at the last look: no FAILURE", .verify, Facts(round: 6), [pending, running],
            .notifyBuild(.scheduled(node: "n1"))),
        Arrow(
            "running for a build that has ended: remove it", .verify, Facts(), [running, .note(.ended)], .deletePods),
        Arrow(
            "pending for a build that has ended: remove it", .verify, Facts(isFromInitTimer: true, round: 1),
            [pending, .timer(.confirmed), .note(.ended)], .deletePods),
        Arrow("no pod: has the build ended?", .verify, Facts(), [.pod(.notFound)], .ask(.hasEnded)),
        Arrow(
            "no pod, build ended: the normal end", .verify, Facts(), [.pod(.notFound), .build(.ended)], .settle(.ack)),
        Arrow(
            "no pod, build waits: one of another name?", .verify, Facts(), [.pod(.notFound), .build(.waiting)],
            .searchPods),
        Arrow(
            "a pod of another name is the build's", .verify, Facts(),
            [.pod(.notFound), .build(.waiting), .search(.running(node: "n1"))], .notifyBuild(.scheduled(node: "n1"))),
        Arrow(
            "no pod at all, build waits: FAILURE", .verify, Facts(),
            [.pod(.notFound), .build(.waiting), .search(.notFound)],
            .reportFailure(.podGone(hasBegun: false, known: nil))),
        Arrow(
            "no pod at all, build runs: FAILURE says so, and what is known", .verify, Facts(lastSeen: "it had a node"),
            [.pod(.notFound), .build(.running), .search(.notFound)],
            .reportFailure(.podGone(hasBegun: true, known: "it had a node"))),
        Arrow(
            "no pod, a token that the API does not take: ack", .verify, Facts(),
            [.pod(.notFound), .build(.refused("401"))], .settle(.ack)),
        Arrow(
            "no pod, the API fails for this build: it owes the answer", .verify, attempt(5),
            [.pod(.notFound), .build(.unavailable("500"))], .postpone(.owed)),
        Arrow(
            "… and for too long: parked", .verify, Facts(isOverdue: true),
            [.pod(.notFound), .build(.unavailable("500"))], .park),
        Arrow(
            "… parked: ack", .verify, Facts(isOverdue: true),
            [.pod(.notFound), .build(.unavailable("500")), .parking(.confirmed)], .settle(.ack)),
        Arrow(
            "… nowhere to park: its report has all", .verify, Facts(isOverdue: true),
            [.pod(.notFound), .build(.unavailable("500")), .parking(.unroutable)], .settle(.ack)),
        Arrow(
            "… not parked: it goes on waiting", .verify, Facts(isOverdue: true),
            [.pod(.notFound), .build(.unavailable("500")), .parking(.unconfirmed)], .postpone(.owed)),
        Arrow(
            "FAILURE owed for too long: parked", .verify, Facts(isOverdue: true),
            [.pod(.broken(PodFailure(.image, ""))), .failure(.notTaken("500"))], .park),
        Arrow("a container that ran and failed: had the build ended?", .verify, Facts(), [ran], .ask(.hasEnded)),
        Arrow("… it had: its pod goes, and nothing else", .verify, Facts(), [ran, .build(.ended)], .deletePods),
        Arrow(
            "… it had not: FAILURE", .verify, Facts(), [ran, .build(.running)],
            .reportFailure(.pod(PodFailure(.ended(phase: "failed"), "", hasBegun: true)))),
        Arrow(
            "an image that cannot be had: does the build still wait?", .verify, Facts(),
            [.pod(.broken(PodFailure(.image, "x")))], .ask(.isWaiting)),
        Arrow(
            "… it does not: has it ended?", .verify, Facts(), [.pod(.broken(PodFailure(.image, "x"))), .build(.begun)],
            .ask(.hasEnded)),
        Arrow(
            "… it has: what is there goes", .verify, Facts(), [.pod(.broken(PodFailure(.image, "x"))), .build(.ended)],
            .deletePods),
        Arrow(
            "… an API that has no answer: FAILURE, which it refuses of a build that has ended", .verify, Facts(),
            [ran, .build(.unknown)], .reportFailure(.pod(PodFailure(.ended(phase: "failed"), "", hasBegun: true)))),
        Arrow("trouble that mostly passes is given time", .verify, Facts(), [healing], .postpone(.healing)),
        Arrow("… and waits", .verify, Facts(isHealing: true), [healing, .postponement(.confirmed)], .settle(.ack)),
        Arrow(
            "… but not for ever", .verify, Facts(isHealing: true, hadTimeToHeal: true), [healing, .build(.waiting)],
            .reportFailure(.pod(PodFailure(.image, "429", outlook: .transient)))),
        Arrow(
            "a back-off that does not say why, soon after the start: time", .verify, Facts(), [unclear],
            .postpone(.healing)),
        Arrow("… unless it was seen to be hopeless", .verify, Facts(isPermanent: true), [unclear], .ask(.isWaiting)),
        Arrow(
            "… after an init timer: FAILURE", .verify, Facts(round: 1), [unclear, .build(.waiting)],
            .reportFailure(.pod(PodFailure(.image, "", outlook: .unclear)))),
        Arrow(
            "… unless the cause that was seen before mostly passes", .verify, Facts(round: 1, isHealing: true),
            [unclear], .postpone(.healing)),
        Arrow(
            "begun meanwhile: healed", .verify, Facts(isHealing: true), [running], .notifyBuild(.scheduled(node: "n1"))),
        Arrow(
            "no pod, API away for everybody: wait", .verify, outage(attempt: 5),
            [.pod(.notFound), .build(.unavailable("502"))], .postpone(.outage)),
        Arrow("a pod being deleted is no pod", .verify, Facts(), [.pod(.terminating(detail: ""))], .ask(.hasEnded)),
        Arrow(
            "the API server cannot be asked: nack below the limit", .verify, attempt(4), [.pod(.unknown("503"))],
            .settle(.nack)),
        Arrow(
            "the API server cannot be asked: FAILURE at the limit", .verify, attempt(5),
            [.pod(.unknown("503")), .pod(.unknown("503")), .build(.waiting)],
            .reportFailure(.retriesExhausted(retries: 5, "503"))),
        Arrow(
            "… it runs, so not to see it is no cause", .verify, attempt(5),
            [.pod(.unknown("503")), .pod(.unknown("503")), .build(.running)], .settle(.ack)),
        Arrow(
            "pending to the end, and it runs by the API's word: begun", .verify, Facts(round: 6),
            [pending, pending, .build(.begun), .build(.running)], .settle(.ack)),
        Arrow(
            "… but had the build ended?", .verify, attempt(5), [.pod(.unknown("503")), .pod(.unknown("503"))],
            .ask(.hasEnded)),
        Arrow("at the limit: look once more", .verify, attempt(5), [.pod(.unknown("503"))], .getPod),
        Arrow(
            "the API server is away for everybody: wait", .verify, outage(attempt: 5), [.pod(.unknown("503"))],
            .postpone(.outage)),
        Arrow(
            "FAILURE not taken: it waits, past the limit too", .verify, attempt(50),
            [.pod(.broken(PodFailure(.image, ""))), .failure(.notTaken("502"))], .postpone(.owed)),
        Arrow(
            "FAILURE not taken nor postponed: nack", .verify, Facts(),
            [.failure(.notTaken("502")), .postponement(.unconfirmed)], .settle(.nack)),
    ])
    func verify(_ arrow: Arrow) { self.check(arrow) }

    @Test(arguments: [
        Arrow("stop deletes the pods", .stop, .deletePods),
        Arrow("deleted, or none left: ack", .stop, Facts(), [.deletion(.done)], .settle(.ack)),
        Arrow("not deleted: nack below the limit", .stop, attempt(4), [.deletion(.failed(""))], .settle(.nack)),
        Arrow("not deleted at the limit: ack", .stop, attempt(5), [.deletion(.failed(""))], .settle(.ack)),
        Arrow(
            "not deleted in an outage: wait, at the limit too", .stop, outage(attempt: 5), [.deletion(.failed(""))],
            .postpone(.outage)),
        Arrow("poison is parked first", .poison(crashes: 3), .park),
        Arrow("then: has its build ended?", .poison(crashes: 3), Facts(), [.parking(.confirmed)], .ask(.isWaiting)),
        Arrow(
            "poison of a build that has ended: ack", .poison(crashes: 3), Facts(),
            [.parking(.confirmed), .build(.ended)], .settle(.ack)),
        Arrow(
            "poison of a build that waits: FAILURE", .poison(crashes: 3), Facts(),
            [.parking(.confirmed), .build(.waiting)], .reportFailure(.poison(crashes: 3))),
        Arrow(
            "nowhere to park poison: its build is failed", .poison(crashes: 3), Facts(),
            [.parking(.unroutable), .build(.waiting)], .reportFailure(.poison(crashes: 3))),
        Arrow("poison not parked: nack", .poison(crashes: 3), Facts(), [.parking(.unconfirmed)], .settle(.nack)),
        Arrow(
            "poison parked and told: ack", .poison(crashes: 3), Facts(), [.parking(.confirmed), .failure(.taken)],
            .settle(.ack)),
        Arrow("clear removes the directory", .clear, .clearCache),
        Arrow("cleared: ack", .clear, Facts(), [.clearing(.done)], .settle(.ack)),
        Arrow("not cleared: nack below the limit", .clear, Facts(), [.clearing(.failed(""))], .settle(.nack)),
        Arrow("not cleared at the limit: ack", .clear, attempt(5), [.clearing(.failed(""))], .settle(.ack)),
        Arrow("an unreadable message is parked", .unreadable, .park),
        Arrow("parked: ack", .unreadable, Facts(), [.parking(.confirmed)], .settle(.ack)),
        Arrow("nowhere to park: ack", .unreadable, Facts(), [.parking(.unroutable)], .settle(.ack)),
        Arrow("not parked: nack", .unreadable, Facts(), [.parking(.unconfirmed)], .settle(.nack)),
    ])
    func others(_ arrow: Arrow) { self.check(arrow) }

    private func check(_ arrow: Arrow) {
        #expect(BuildWorkflow.decision(for: arrow.command, given: arrow.facts, rules: arrow.rules) == arrow.next)
    }
}

extension BuildWorkflowTests.Arrow {
    init(_ name: String, _ command: BuildCommand, _ next: Decision) { self.init(name, command, Facts(), [], next) }
    init(_ name: String, _ command: BuildCommand, _ known: Facts, _ next: Decision) {
        self.init(name, command, known, [], next)
    }
}

/// So that the tables read like the diagram.
extension Decision {
    static let createPod = Decision.perform(.createPod)
    static let getPod = Decision.perform(.getPod)
    static let searchPods = Decision.perform(.searchPods)
    static let deletePods = Decision.perform(.deletePods)
    static let clearCache = Decision.perform(.clearCache)
    static let park = Decision.perform(.park)
    static func ask(_ question: BuildQuestion) -> Decision { .perform(.ask(question)) }
    static func armTimer(round: Int, telling note: StatusUpdate?) -> Decision {
        .perform(.armTimer(round: round, telling: note))
    }
    static func keepTimer(round: Int) -> Decision { .perform(.keepTimer(round: round)) }
    static func requestVerification(isPermanent: Bool) -> Decision {
        .perform(.requestVerification(isPermanent: isPermanent))
    }
    static func notifyBuild(_ note: StatusUpdate) -> Decision { .perform(.notifyBuild(note)) }
    static func reportFailure(_ cause: FailureCause) -> Decision { .perform(.reportFailure(cause)) }
    static func postpone(_ reason: PostponeReason) -> Decision { .perform(.postpone(reason)) }
}

extension Problem: ExpressibleByStringLiteral {
    public init(stringLiteral value: String) { self.init(.other, value) }
}
