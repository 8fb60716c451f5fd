@testable import BuildWorker
@testable import Workflow

/// RabbitMQ's queues as design and measurements have them: first in, first out; rejected messages go to the wait queue,
/// expired ones come back; `x-death` keeps one entry a queue and reason, the latest first.
struct SimulatedBroker {
    struct Death {
        let queue: SimulatedQueue
        let isRejection: Bool
        var count: Int
    }

    enum Place {
        case queue(SimulatedQueue)
        /// Delivered from this queue, and not settled.
        case unacked(from: SimulatedQueue)
        case gone
    }

    struct Message {
        /// `nil`: it concerns none.
        let build: Int?
        let command: BuildCommand
        /// The header with the number of init timers so far.
        let round: Int
        /// The header of a timer that a worker kept itself, or of one that fired and was postponed.
        var hasTimerHeader = false
        /// When the build API began to owe an answer, and when the pod was first seen in trouble that may pass, in milliseconds.
        var owedSince: Int?
        var troubledSince: Int?
        var isPermanent = false
        /// The header of a message that was postponed: the attempts it had before.
        var earlierAttempts: Int?
        /// The message that this one is a copy of, however often.
        var origin: Int?
        var deaths: [Death] = []
        var isRedelivered = false
        var place = Place.gone

        var isHeld: Bool { if case .gone = self.place { false } else { true } }
    }

    private(set) var messages: [Message] = []
    private var ready: [[Int]] = Array(repeating: [], count: 2)

    /// - Returns: its number.
    mutating func publish(_ message: Message, to queue: SimulatedQueue) -> Int {
        self.messages.append(message)
        self.enqueue(self.messages.count - 1, in: queue)
        return self.messages.count - 1
    }

    private mutating func enqueue(_ message: Int, in queue: SimulatedQueue) {
        self.messages[message].place = .queue(queue)
        switch queue {
        case .builds, .retry: self.ready[queue.rawValue].append(message)
        case .wait, .retryWait, .initTimers, .parked: break
        }
    }

    func hasReady(in queue: SimulatedQueue) -> Bool { !self.ready[queue.rawValue].isEmpty }

    mutating func deliver(from queue: SimulatedQueue) -> Int {
        let message = self.ready[queue.rawValue].removeFirst()
        self.messages[message].place = .unacked(from: queue)
        return message
    }

    /// The consumer has gone: what it had comes first again.
    mutating func requeue(_ message: Int) {
        guard case .unacked(let queue) = self.messages[message].place else { return }
        self.messages[message].place = .queue(queue)
        self.messages[message].isRedelivered = true
        self.ready[queue.rawValue].insert(message, at: 0)
    }

    mutating func ack(_ message: Int) { self.messages[message].place = .gone }

    /// Dead-letters it to its queue's wait queue.
    mutating func reject(_ message: Int) {
        guard case .unacked(let queue) = self.messages[message].place else { return }
        self.die(message, in: queue, isRejection: true)
        self.enqueue(message, in: queue == .builds ? .wait : .retryWait)
    }

    /// - Returns: the work queue it is in now.
    mutating func expire(_ message: Int) -> SimulatedQueue? {
        guard case .queue(let queue) = self.messages[message].place else { return nil }
        let next: SimulatedQueue
        switch queue {
        case .wait: next = .builds
        case .retryWait, .initTimers: next = .retry
        case .builds, .retry, .parked: return nil
        }
        self.die(message, in: queue, isRejection: false)
        self.enqueue(message, in: next)
        return next
    }

    private mutating func die(_ message: Int, in queue: SimulatedQueue, isRejection: Bool) {
        var death = Death(queue: queue, isRejection: isRejection, count: 1)
        // What a dead-lettering does to the flag: in its next queue it was never delivered.
        self.messages[message].isRedelivered = false
        let deaths = self.messages[message].deaths
        for index in 0..<deaths.count where deaths[index].queue == queue && deaths[index].isRejection == isRejection {
            death.count += deaths[index].count
            self.messages[message].deaths.remove(at: index)
            break
        }
        self.messages[message].deaths.insert(death, at: 0)
    }

    /// Some message of the build is in a queue or in somebody's hands, but a `stop`, which asks for nothing to be made.
    func holdsMessage(of build: Int) -> Bool {
        for message in self.messages where message.build == build && message.isHeld && message.command != .stop {
            return true
        }
        return false
    }
}
