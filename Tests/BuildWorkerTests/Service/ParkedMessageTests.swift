import Testing

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ
@testable import Support

@Suite struct ParkedMessageTests {
    private let options = RabbitMQOptions()

    private func delivery(_ headers: AMQPTable, body: String = "{") -> Delivery {
        var properties = MessageProperties()
        (properties.headers, properties.contentType, properties.messageID) = (headers, "application/json", "m-1")
        return Delivery(
            tag: DeliveryTag(generation: 1, channel: 1, number: 1), queue: "builds", isRedelivered: false,
            properties: properties, body: Array(body.utf8))
    }

    private func arrived(_ message: OutgoingMessage) -> Delivery {
        Delivery(
            tag: DeliveryTag(generation: 1, channel: 1, number: 2), queue: message.routingKey, isRedelivered: false,
            properties: message.properties,
            body: message.body)
    }

    @Test func nothingIsLostOnTheWay() throws {
        let deaths = AMQPValue.array([.table(["queue": "builds", "reason": "rejected", "count": .int64(4)])])
        let headers: AMQPTable = [
            "x-mine": "1", "CC": .array(["elsewhere"]), "x-death": deaths, "x-init-round": .int64(2),
        ]
        let parked = ParkedMessage(self.delivery(headers), for: .unknownJob, at: "2026-11-21T08:00:00.000Z")
        let outgoing = parked.outgoing(self.options)
        #expect(outgoing.routingKey == self.options.parkedQueue && outgoing.body == Array("{".utf8))
        #expect(outgoing.properties.headers["CC"] == nil, "the broker would route it there")
        let read = ParkedMessage(parked: self.arrived(outgoing))
        #expect(
            read.id == parked.id && read.reason == "unknown-job" && read.origin == "builds"
                && read.parkedAt == "2026-11-21T08:00:00.000Z")
        #expect(
            read.properties.headers[Header.originalCC]?.array == ["elsewhere"]
                && read.properties.headers["x-death"] == deaths)
        #expect(read.properties.headers[Header.originalMessageID]?.text == "m-1")

        let retried = try #require(read.retry(self.options, at: "2026-11-21T09:00:00.000Z"))
        #expect(
            retried.routingKey == "builds" && retried.body == Array("{".utf8)
                && retried.properties.contentType == "application/json")
        let names = Set(retried.properties.headers.fields.map(\.name))
        #expect(
            names == ["x-mine", Header.originalCC, Header.originalMessageID, Header.parkedHistory],
            "no count and no reason goes along: \(names)")

        let again = ParkedMessage(self.arrived(retried), for: .poison(crashes: 3), at: "2026-11-21T10:00:00.000Z")
        let twice = ParkedMessage(parked: self.arrived(again.outgoing(self.options))).retry(
            self.options, at: "2026-11-21T11:00:00.000Z")
        let history = (twice?.properties.headers[Header.parkedHistory]?.array ?? []).compactMap(\.table)
        #expect(history.map { $0[Header.parkedReason]?.text } == ["unknown-job", "poison"])
        #expect(history.map { $0["retried-at"]?.text } == ["2026-11-21T09:00:00.000Z", "2026-11-21T11:00:00.000Z"])
    }

    @Test func whatOthersParkedIsShownAndGoesWhereItIsTold() {
        let parked = ParkedMessage(parked: self.delivery([:]))
        #expect(parked.reason == "unknown" && parked.origin == nil && parked.id.count == 12)
        #expect(parked.retry(self.options, at: "") == nil)
        #expect(parked.retry(self.options, to: "builds", at: "")?.routingKey == "builds")
    }

    /// Nobody can list what is secret, so what is shown is listed.
    @Test(arguments: [
        #"{"buildConfig":{"token":"t0ken","nested":[{"API_TOKEN":"t0ken","password":"t0ken"}],"buildId":4711}}"#,
        #"{"buildConfig":{"buildId":4711,"sshKey":"t0ken","env":[{"name":"A","value":"t0ken"}],"causeMessage":"t0ken"}}"#,
        #"{"buildConfig":{"buildId":4711,"annotations":{"screwdriver.cd/cpu":{"a":"t0ken"},"mine":"t0ken"},"pipeline":{"id":1,"deployKey":"t0ken"}}}"#,
        #"{"buildConfig":{"buildId":4711,"apiUri":"https://u:t0ken@api.test/v4?token=t0ken#t0ken"},"job":{"t0ken":"t0ken"}}"#,
        #"{"buildConfig":{"buildId":4711,"jobName":["main",{"x":"t0ken"}]},"buildId":"t0ken"}"#,
    ])
    func secretsAreNotShown(body: String) {
        let headers: AMQPTable = [
            "token": "t0ken", "Authorization": "Basic t0ken", "x-mine": .array([.table(["a": "t0ken"])]),
            "x-death": .array([.table(["queue": "builds", "b": "t0ken"])]),
        ]
        let text = ParkedMessage(parked: self.delivery(headers, body: body)).document.text()
        #expect(!text.contains("t0ken"), "\(text)")
        #expect(
            text.contains("4711") && text.contains("builds") && text.contains("Authorization"),
            "what is there is told: \(text)")
    }

    @Test(arguments: [#""t0ken""#, #"["t0ken"]"#, "[[[1]]]", "4711"]) func whatIsNoMessageShowsNothing(body: String) {
        #expect(
            ParkedMessage(parked: self.delivery([:], body: body)).document["body"]?.text().contains(/t0ken|\d/) == false
        )
    }

    @Test func equalMessagesOfOneMomentHaveIDsOfTheirOwn() {
        let ids = (1...100).map { _ in
            ParkedMessage(self.delivery([:]), for: .unknownJob, at: "2026-11-21T08:00:00.000Z").id
        }
        #expect(Set(ids).count == 100 && ids.allSatisfy { $0.count == 12 })
    }
}
