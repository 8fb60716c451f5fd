import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Workflow

/// The simulated broker against what was measured on RabbitMQ 3.10.8, read by the worker's own reader of `x-death`.
@Suite struct SimulatedBrokerTests {
    private static let names = [
        "builds", "builds.retry", "builds.wait", "builds.retry.wait", "builds.retry.init", "builds.parked",
    ]

    private static func history(_ message: SimulatedBroker.Message) -> DeathHistory {
        let deaths = message.deaths.map { death in
            AMQPValue.table([
                "count": .int64(Int64(death.count)), "reason": .text(death.isRejection ? "rejected" : "expired"),
                "queue": .text(self.names[death.queue.rawValue]),
            ])
        }
        return DeathHistory(headers: ["x-death": .array(deaths)])
    }

    @Test func sevenRejectionsCountToSeven() throws {
        var broker = SimulatedBroker()
        let message = broker.publish(SimulatedBroker.Message(build: 0, command: .start, round: 0), to: .builds)
        for attempt in 0..<7 {
            #expect(broker.deliver(from: .builds) == message)
            #expect(Self.history(broker.messages[message]).rejections(in: "builds") == attempt)
            #expect(broker.messages[message].rejections(in: .builds) == attempt)
            broker.reject(message)
            #expect(!broker.hasReady(in: .builds))
            #expect(broker.expire(message) == .builds)
            // The first entry is the wait queue's.
            #expect(
                try #require(Self.history(broker.messages[message]).entries.first)
                    == .init(queue: "builds.wait", reason: "expired", count: attempt + 1))
        }
    }

    @Test func aTimerThatWasRejectedIsStillKnownAsOne() {
        var broker = SimulatedBroker()
        let message = broker.publish(SimulatedBroker.Message(build: 0, command: .verify, round: 1), to: .initTimers)
        #expect(broker.expire(message) == .retry)
        #expect(broker.messages[message].hasTimedOut)
        #expect(broker.deliver(from: .retry) == message)
        broker.reject(message)
        #expect(broker.expire(message) == .retry)
        let history = Self.history(broker.messages[message])
        #expect(history.expirations(in: "builds.retry.init") == 1)
        #expect(history.rejections(in: "builds.retry") == 1)
        #expect(broker.messages[message].hasTimedOut)
    }

    @Test func whatAConsumerLeavesBehindComesFirstAgain() {
        var broker = SimulatedBroker()
        let first = broker.publish(SimulatedBroker.Message(build: 0, command: .start, round: 0), to: .builds)
        let second = broker.publish(SimulatedBroker.Message(build: 1, command: .start, round: 0), to: .builds)
        #expect(broker.deliver(from: .builds) == first)
        broker.requeue(first)
        #expect(broker.messages[first].isRedelivered)
        #expect(broker.deliver(from: .builds) == first)
        #expect(broker.deliver(from: .builds) == second)
        #expect(!broker.messages[second].isRedelivered)
        broker.ack(first)
        broker.requeue(first)
        #expect(!broker.hasReady(in: .builds))
        #expect(!broker.holdsMessage(of: 0))
        #expect(broker.holdsMessage(of: 1))
    }
}
