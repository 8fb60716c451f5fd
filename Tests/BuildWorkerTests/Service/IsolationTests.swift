import Logging
import Testing

@testable import BuildWorker

@Suite struct IsolationTests {
    /// A suspect whose peer does not answer keeps the others waiting for a while only.
    @Test(arguments: [true, false]) func beingAloneHasAnEnd(timePasses: Bool) async throws {
        let time = Turn()
        let clock = IsolationClock(sleep: { _ in
            await time.wait()
            return timePasses
        })
        let isolation = Isolation(nil, prefetch: 20, health: Health(queues: []), logger: Logger(label: "isolation") { _ in SwiftLogNoOpLogHandler() }, clock: clock)
        let (suspectIsIn, answer, otherIsIn) = (Turn(), Turn(), Turn())
        func delivery(_ body: UInt8) -> Delivery { Delivery(tag: .ofThisProcess(1), queue: "q", isRedelivered: false, properties: MessageProperties(), body: [body]) }
        let place = isolation.joinAlone(MessageKey(queue: "q", body: [1]), delivery(1))
        await withTaskGroup { group in
            group.addTask {
                _ = await isolation.alone(place) { _ in
                    suspectIsIn.come()
                    await answer.wait()
                    return true
                }
            }
            await suspectIsIn.wait()
            group.addTask {
                await isolation.amongOthers(isolation.begin(MessageKey(queue: "q", body: [2])), after: nil, in: JobLimits([:]), "start") { otherIsIn.come() }
            }
            time.come()
            if timePasses {
                await otherIsIn.wait()
            } else {
                for _ in 0..<100 { await Task.yield() }
                #expect(!otherIsIn.hasCome)
            }
            answer.come()
            await otherIsIn.wait()
        }
        #expect(otherIsIn.hasCome)
    }
}
