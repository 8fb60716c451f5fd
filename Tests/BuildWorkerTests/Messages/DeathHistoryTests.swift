import Testing

@testable import BuildWorker
@testable import RabbitMQ

@Suite struct DeathHistoryTests {
    private static func death(_ queue: String, _ reason: String, _ count: Int64) -> AMQPValue {
        .table([
            "count": .int64(count), "reason": .text(reason), "queue": .text(queue), "time": .timestamp(1),
            "exchange": "", "routing-keys": .array([.text(queue)]),
        ])
    }

    @Test func attemptsAreThisQueuesRejections() {
        // As 3.10.8 writes it after two rejections: the wait queue's entry comes first.
        let history = DeathHistory(headers: [
            "x-death": .array([Self.death("builds.wait", "expired", 2), Self.death("builds", "rejected", 2)])
        ])
        #expect(history.rejections(in: "builds") == 2)
        #expect(history.rejections(in: "builds.wait") == 0)
        #expect(history.expirations(in: "builds.wait") == 2)
        #expect(!history.isMalformed)
    }

    @Test func entriesOfOneQueueAddUp() {
        let history = DeathHistory(headers: [
            "x-death": .array([
                Self.death("q", "rejected", 2), Self.death("q", "rejected", 3), Self.death("other", "rejected", 9),
            ])
        ])
        #expect(history.rejections(in: "q") == 5)
    }

    @Test func noHeaderIsNoAttempt() {
        for headers in [AMQPTable(), ["x-delivery-count": .int64(0)], ["x-death": .array([])]] {
            let history = DeathHistory(headers: headers)
            #expect(history.rejections(in: "q") == 0)
            #expect(!history.isMalformed)
        }
    }

    @Test(arguments: [
        AMQPValue.text("text"), .int64(7), .array(["text"]), .array([.table([:])]),
        .array([.table(["queue": "q", "reason": "rejected", "count": "one"])]),
        .array([death("q", "rejected", 1), .void]), .table(["queue": "q"]),
    ])
    func whatNoBrokerWritesIsMalformed(header: AMQPValue) {
        #expect(DeathHistory(headers: ["x-death": header]).isMalformed)
    }

    /// Of this queue, another reason than `rejected`.
    @Test(
        arguments: [
            ([], false), ([("q", "rejected")], false), ([("q.wait", "expired"), ("q", "rejected")], false),
            ([("q.wait", "anything")], false),
            ([("q", "expired")], true), ([("q", "rejected"), ("q", "expired")], true), ([("q", "Rejected")], true),
            ([("q.wait", "expired"), ("q", "maxlen")], true),
        ] as [([(String, String)], Bool)])
    func whatWouldNotComeBackIsKnown(deaths: [(String, String)], isTrap: Bool) {
        let history = DeathHistory(headers: ["x-death": .array(deaths.map { Self.death($0.0, $0.1, 1) })])
        #expect(history.isTrap(in: "q") == isTrap && !history.isMalformed)
    }

    /// Only the broker's count is believed, and only it sets `redelivered`.
    @Test(arguments: [(false, 7, 0), (true, 7, 7), (true, -1, 0), (true, nil, 0)] as [(Bool, Int64?, Int)])
    func whatAClientCountsIsNotBelieved(isRedelivered: Bool, count: Int64?, redeliveries: Int) {
        var properties = MessageProperties()
        properties.headers["x-delivery-count"] = count.map { .int64($0) }
        let delivery = Delivery(
            tag: .ofThisProcess(1), queue: "q", isRedelivered: isRedelivered, properties: properties, body: [])
        #expect(delivery.redeliveries == redeliveries)
    }

    @Test func countsDoNotOverflow() {
        let history = DeathHistory(headers: [
            "x-death": .array([
                Self.death("q", "rejected", .max), Self.death("q", "rejected", .max), Self.death("q", "rejected", -5),
            ])
        ])
        #expect(history.rejections(in: "q") > 1_000_000)
    }
}
