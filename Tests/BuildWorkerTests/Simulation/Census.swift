@testable import BuildWorker
@testable import Workflow

/// What happened in simulations, by name: a simulation in which little happens finds little.
struct Census {
    private(set) var seen: Set<String> = []

    /// All that has to happen in a few thousand schedules.
    static let expected: Set<String> = {
        var names: Set<String> = []
        func expect(_ fact: String, _ kinds: String...) { for kind in kinds { names.insert("\(fact) \(kind)") } }
        expect("build", "waiting", "running", "begun", "ended", "refused", "unavailable")
        expect("creation", "created", "alreadyExists", "rejected", "refused")
        expect(
            "pod", "pending", "running", "succeeded", "broken", "terminating", "notOwned", "notFound", "unknown")
        expect("timer", "confirmed", "unroutable", "unconfirmed")
        expect("verification", "confirmed", "unconfirmed")
        expect("parking", "confirmed", "unroutable", "unconfirmed")
        expect("postponement", "confirmed", "unconfirmed")
        expect("timerKept", "done", "failed")
        expect("note", "taken", "ended", "refused", "lost")
        expect("failure", "taken", "ended", "notTaken")
        expect("deletion", "done", "failed")
        expect("clearing", "done", "failed")
        return names.union([
            "a repeated delivery", "a start after its stop", "an outage", "a message past the limit",
            "the last init timer",
            "the delay is told", "a settlement that came too late", "a worker killed between an effect and its answer",
            "a worker killed", "a connection lost", "a drain", "time to heal", "time to heal is over",
            "owed for too long", "a message taken back", "a suspect set aside",
        ])
    }()

    mutating func count(_ simulation: Simulation) {
        let rules = simulation.schedule.rules
        for handling in simulation.handlings {
            let facts = handling.facts
            self.add("build", facts.build)
            self.add("creation", facts.creation)
            self.add("pod", facts.pod)
            self.add("timer", facts.timer)
            self.add("verification", facts.verification)
            self.add("parking", facts.parking)
            self.add("postponement", facts.postponement)
            self.add("timerKept", facts.timerKept)
            self.add("note", facts.note)
            self.add("failure", facts.failure)
            self.add("deletion", facts.deletion)
            self.add("clearing", facts.clearing)
            self.add("a repeated delivery", if: facts.isRepeated && facts.attempt == 0)
            self.add("a start after its stop", if: facts.wasStopped && handling.command == .start)
            self.add("an outage", if: facts.isOutage)
            self.add("a message past the limit", if: facts.attempt > rules.reprocessLimit)
            self.add("the last init timer", if: facts.round == rules.verifyLimit && facts.isFromInitTimer)
            self.add("time to heal", if: facts.isHealing)
            self.add("time to heal is over", if: facts.hadTimeToHeal)
            self.add("owed for too long", if: facts.isOverdue)
            self.add("the delay is told", if: handling.action?.tellsDelay == true)
            self.add("a message taken back", if: handling.isTakenBack)
            self.add("a suspect set aside", if: handling.isSetAside)
            let isStale = !handling.isLost && handling.connection != simulation.workers[handling.worker].connection
            self.add("a settlement that came too late", if: isStale && handling.settlement != nil)
            self.add(
                "a worker killed between an effect and its answer",
                if: handling.isLost && handling.settlement == nil && handling.learned != nil)
        }
        self.add("a worker killed", if: simulation.faults.crashes < simulation.schedule.faults.crashes)
        self.add("a connection lost", if: simulation.faults.cuts < simulation.schedule.faults.cuts)
        self.add("a drain", if: simulation.faults.drains < simulation.schedule.faults.drains)
    }

    private mutating func add<Kind>(_ fact: String, _ kind: Kind?) {
        if let kind { self.seen.insert("\(fact) \("\(kind)".prefix { $0 != "(" })") }
    }

    private mutating func add(_ name: String, if hasHappened: Bool) { if hasHappened { self.seen.insert(name) } }
}

extension Action {
    fileprivate var tellsDelay: Bool { if case .armTimer(_, .delayed?) = self { true } else { false } }
}
