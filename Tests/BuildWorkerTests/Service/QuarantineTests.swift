import Logging
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Spool
@testable import Support

@Suite struct QuarantineTests {
    /// A suspect whose peer does not answer keeps the others waiting for a while only.
    @Test(arguments: [true, false]) func beingAloneHasAnEnd(timePasses: Bool) async throws {
        let time = OneShotSignal()
        let clock = QuarantineClock(sleep: { _ in
            await time.wait()
            return timePasses
        })
        let quarantine = Quarantine(
            nil, prefetch: 20, health: Health(queues: []),
            logger: Logger(label: "quarantine") { _ in SwiftLogNoOpLogHandler() }, clock: clock)
        let (suspectIsIn, answer, otherIsIn) = (OneShotSignal(), OneShotSignal(), OneShotSignal())
        func delivery(_ body: UInt8) -> Delivery {
            Delivery(
                tag: .ofThisProcess(1), queue: "q", isRedelivered: false, properties: MessageProperties(), body: [body])
        }
        let place = quarantine.joinAlone(MessageKey(queue: "q", body: [1]), delivery(1))
        await withTaskGroup { group in
            group.addTask {
                guard let record = await quarantine.enterAlone(place, isDue: false) else { return }
                suspectIsIn.fire()
                await answer.wait()
                quarantine.leave(record)
            }
            await suspectIsIn.wait()
            group.addTask {
                let record = quarantine.join(MessageKey(queue: "q", body: [2]))
                await quarantine.enterShared()
                otherIsIn.fire()
                quarantine.leaveShared()
                quarantine.leave(record)
            }
            time.fire()
            if timePasses {
                await otherIsIn.wait()
            } else {
                for _ in 0..<100 { await Task.yield() }
                #expect(!otherIsIn.isFired)
            }
            answer.fire()
            await otherIsIn.wait()
        }
        #expect(otherIsIn.isFired)
    }
}
