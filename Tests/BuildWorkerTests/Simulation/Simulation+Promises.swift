@testable import BuildWorker
@testable import Support
@testable import Workflow

/// Judges what happens by what is promised, from outside: by what broker, cluster and build API really hold.
extension Simulation {
    var limit: Int { self.schedule.rules.reprocessLimit }

    // MARK: Settled once and last; held until over

    /// Nothing more is owed to the build: it began, it ended, or the API will hear no more of it.
    private func isOver(_ build: Int) -> Bool {
        self.cluster.begun[build] || self.api.hasEnded(build) || self.api.refusedFailure[build]
            || self.owed.contains(build)
    }

    private func isHeld(_ build: Int) -> Bool {
        if self.broker.holdsMessage(of: build) { return true }
        for timer in self.keptTimers where timer.build == build && !timer.isOver { return true }
        return false
    }

    /// The broker has forgotten a message.
    func checkHeld(after message: Int, _ handling: Handling) {
        let content = self.broker.messages[message]
        switch content.command {
        case .start, .verify:
            guard let build = content.build, !self.isOver(build), !self.isHeld(build) else { return }
            self.breaks(.settledLast, "message \(message) is acked, and build \(build) has neither begun nor ended")
        case .unreadable:
            guard self.schedule.hasParkedQueue, !handling.isSetAside, !self.parked.contains(content.origin ?? message)
            else { return }
            self.breaks(.unreadableIsParked, "message \(message) is acked and was not parked")
        case .poison:
            guard let build = content.build else { return }
            if self.schedule.hasParkedQueue, !self.parked.contains(content.origin ?? message), !self.isHeld(build) {
                self.breaks(.unreadableIsParked, "poison message \(message) is acked and was not parked")
            }
            if !self.isOver(build), !self.isHeld(build) {
                self.breaks(.settledLast, "poison message \(message) is acked, and nobody was told")
            }
        case .stop, .clear: break
        }
    }

    /// Something was forgotten that no settlement is to blame for.
    func checkAllHeld(after event: @autoclosure () -> String) {
        for build in 0..<self.schedule.builds.count
        where self.wasAsked(build) && !self.isOver(build) && !self.isHeld(build) {
            self.breaks(.everyBuildIsHeld, "\(event()), and nothing holds build \(build)")
        }
    }

    private func wasAsked(_ build: Int) -> Bool {
        for message in self.broker.messages where message.build == build && message.command != .stop { return true }
        return false
    }

    // MARK: Attempts and settlements

    /// A handling ends.
    func judge(_ settlement: Settlement, _ handling: Handling) {
        let rejections = self.broker.messages[handling.message].attempts(in: handling.queue)
        switch settlement {
        case .nack:
            // An outage is no cause: meanwhile messages are postponed.
            if handling.faults == 0 {
                self.breaks(
                    .attemptHasACause, "message \(handling.message) is rejected, and nothing of its own had failed")
            }
        case .ack:
            if handling.isSetAside { return }
            switch handling.command {
            case .stop
            where handling.facts.deletion != .done && handling.facts.postponement != .confirmed
                && rejections < self.limit:
                self.breaks(.settledLast, "message \(handling.message) is acked, and no pods were deleted")
            case .clear
            where handling.facts.clearing != .done && handling.facts.postponement != .confirmed
                && rejections < self.limit:
                self.breaks(.settledLast, "message \(handling.message) is acked, and nothing was cleared")
            case .start, .verify, .stop, .clear, .unreadable, .poison: break
            }
            guard let build = handling.build else { return }
            if handling.facts.isOverdue, case .unavailable = handling.facts.build { self.owed.insert(build) }
            if handling.facts.isOverdue, case .notTaken = handling.facts.failure { self.owed.insert(build) }
            // Who cannot learn that a build has ended cannot tidy up after it; a deletion that fails so often is given up.
            if handling.callsToAPIThatFailed > 0 { self.excused[build] = true }
            if case .failed = handling.facts.deletion { self.excused[build] = true }
        }
    }

    // MARK: One build, one pod

    /// - Parameter handling: `nil`: its request came late.
    func checkNewPod(_ pod: Int, of build: Int, by handling: Handling?) {
        for other in 0..<pod where self.cluster.pods[other].build == build && self.cluster.pods[other].isKept {
            self.breaks(.oneBuildOnePod, "build \(build) has the pods \(other) and \(pod)")
        }
        guard let handling, handling.facts.isRepeated, handling.beganEnded, handling.callsToAPIThatFailed == 0 else {
            return
        }
        guard !self.schedule.builds[build].isUnknownToAPI else { return }
        self.breaks(.endedStaysEnded, "build \(build) had ended when message \(handling.message) was delivered again")
    }

    // MARK: The end

    /// Nothing will happen any more.
    func checkEnd() {
        for number in 0..<self.broker.messages.count {
            switch self.broker.messages[number].place {
            case .gone, .queue(.parked): break
            case .queue, .unacked:
                self.breaks(.nothingHangs, "message \(number) waits for ever: \(self.broker.messages[number].place)")
            }
        }
        for build in 0..<self.schedule.builds.count {
            if !self.isOver(build) {
                self.breaks(
                    .everyBuildEnds, "build \(build) (\(self.schedule.builds[build].fate)) has neither begun nor ended")
            }
            guard self.api.hasEnded(build), !self.excused[build], !self.schedule.builds[build].isUnknownToAPI else {
                continue
            }
            if self.cluster.keepsPod(of: build, where: \.stage.isAlive) {
                self.breaks(.stopLeavesNoPod, "build \(build) has ended, and its pod is there")
            }
        }
    }
}
