import Logging
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Support
@testable import Workflow

@Suite struct DeliveryEventsTests {
    private func context(_ body: String) -> DeliveryContext {
        let delivery = Delivery(
            tag: DeliveryTag(generation: 1, channel: 1, number: 1), queue: "builds", isRedelivered: false,
            properties: MessageProperties(), body: Array(body.utf8))
        return DeliveryContext(
            delivery, options: RabbitMQOptions(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func job(_ job: String) -> DeliveryContext {
        self.context(
            #"{"job":"\#(job)","buildConfig":{"buildId":4711,"jobId":12,"apiUri":"http://api","token":"verySecret","container":"node:22","jobName":"main","eventId":1,"pipeline":{"id":1},"annotations":{}}}"#
        )
    }

    private func facts(_ known: Fact...) -> Facts {
        var facts = Facts()
        known.forEach { facts.record($0) }
        return facts
    }

    private static let gone = FailureCause.podGone(hasBegun: false, known: nil)

    private func event(_ happened: DeliveryEvent, _ context: DeliveryContext) -> BuildEvent? {
        DeliveryEvents.event(happened, context)
    }

    @Test func eachThatMattersIsTold() {
        let (start, verify, stop) = (self.job("start"), self.job("verify"), self.job("stop"))
        let events: [(DeliveryEvent, DeliveryContext, BuildEvent.Kind?)] = [
            (.received, start, nil), (.started, start, nil), (.requeued, start, nil),
            (.actionCompleted(.createPod, .creation(.created()), took: .zero), start, .podCreated),
            (.actionCompleted(.createPod, .creation(.alreadyExists), took: .zero), start, nil),
            (.actionCompleted(.reportFailure(Self.gone), .failure(.taken), took: .zero), verify, .buildFailed),
            (
                .actionCompleted(
                    .reportFailure(Self.gone), .failure(.notTaken(Problem(.buildAPI, "503"))), took: .zero), verify, nil
            ),
            (.settled(.nack, self.facts(), took: .zero), start, .buildRetried),
            (.settled(.ack, self.facts(.postponement(.confirmed)), took: .zero), start, .buildPostponed),
            (.settled(.ack, self.facts(.pod(.running(node: "node1"))), took: .zero), verify, .buildStarted),
            (.settled(.ack, self.facts(.pod(.running(node: "node1"))), took: .zero), start, nil),
            (.settled(.ack, self.facts(.deletion(.done)), took: .zero), stop, .buildStopped),
            (.settled(.ack, self.facts(.deletion(.failed(Problem(.cluster, "no")))), took: .zero), stop, nil),
            (.actionCompleted(.park, .parking(.confirmed), took: .zero), self.context("{"), .messageParked),
        ]
        for (happened, context, expected) in events {
            #expect(self.event(happened, context)?.kind == expected, "\(happened)")
        }
    }

    @Test func saysWhichBuildAndNoToken() throws {
        let event = try #require(
            self.event(.actionCompleted(.createPod, .creation(.created()), took: .zero), self.job("start")))
        let document = event.document(worker: "host1")
        #expect(document["event"]?.string == "build.pod-created")
        #expect(document["buildId"]?.integer == 4711)
        #expect(document["jobId"]?.string == "12")
        #expect(document["worker"]?.string == "host1")
        #expect(!document.text().contains("verySecret"))
    }
}
