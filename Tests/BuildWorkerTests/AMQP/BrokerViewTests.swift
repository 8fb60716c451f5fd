import Testing

@testable import BuildWorker
@testable import RabbitMQ

@Suite struct BrokerViewTests {
    private static let minute = AMQPValue.int64(60)
    private static let sums: [(own: AMQPTable, policies: AMQPTable, effective: AMQPTable)] = [
        ([:], ["message-ttl": minute], ["x-message-ttl": minute]),
        (["x-message-ttl": .int64(50)], ["message-ttl": minute], ["x-message-ttl": .int64(50)]),
        (["x-message-ttl": .int64(70)], ["message-ttl": minute], ["x-message-ttl": minute]),
        (["x-dead-letter-exchange": "mine"], ["dead-letter-exchange": "other"], ["x-dead-letter-exchange": "mine"]),
        (
            ["x-max-length": minute], ["overflow": "reject-publish"],
            ["x-max-length": minute, "x-overflow": "reject-publish"]
        ),
    ]

    /// Of two limits the lower holds, of anything else the queue's own: RabbitMQ's rule.
    @Test(arguments: sums)
    func policiesAddUp(own: AMQPTable, policies: AMQPTable, effective: AMQPTable) {
        let queue = BrokerView.Queue(kind: "classic", own: own, policies: policies, source: "policy 'p'")
        #expect(queue.arguments == effective)
        #expect(queue.differences(from: effective).isEmpty)
    }

    @Test func whoSetItIsSaid() {
        let queue = BrokerView.Queue(
            kind: "quorum", own: ["x-queue-type": "quorum"], policies: ["message-ttl": .int64(60)], source: "policy 'p'"
        )
        let differences = queue.differences(from: ["x-queue-type": "quorum"])
        #expect(differences.map(\.argument) == ["x-message-ttl"])
        #expect(
            differences.first?.text.hasPrefix(
                "x-message-ttl is '60' (by policy 'p'), should not be set: messages that expire here") == true)
        #expect(differences.first?.severity == .problem)
    }

    /// Before the broker has counted a queue's messages it says nothing of policies.
    @Test(arguments: [(false, TopologyFinding.Severity.warning), (true, .problem)])
    func whatIsNotKnownIsNoProblem(isCounted: Bool, severity: TopologyFinding.Severity) {
        let queue = BrokerView.Queue(kind: "classic", own: [:], policies: isCounted ? [:] : nil, source: "")
        let differences = queue.differences(from: ["x-message-ttl": .int64(5)])
        #expect(differences.map(\.severity) == [severity])
        #expect(differences[0].text.hasSuffix("unless a policy sets it") == (severity == .warning))
    }

    @Test func aClassicQueueIsNotToldWhatItCannotHave() {
        let queue = BrokerView.Queue(kind: "classic", own: ["x-queue-type": "classic"], policies: [:], source: "")
        let wanted: AMQPTable = [
            "x-queue-type": "quorum", "x-dead-letter-strategy": "at-least-once", "x-overflow": "reject-publish",
        ]
        #expect(queue.differences(from: wanted).map(\.argument) == ["x-queue-type"])
    }

    @Test(arguments: [
        ("a", "a", true), ("a", "b", false), ("a.b", "a.*", true), ("a", "*", true), ("a.b", "*", false),
        ("a", "a.#", true), ("a.b.c", "a.#", true),
        ("a.b.c", "#.c", true), ("a.b.c", "#", true), ("", "#", true), ("a.b.c", "a.#.b", false),
        ("a.x.y.b", "a.#.b", true), ("a.b", "a.b.#.#", true), ("", "", true),
    ])
    func aTopicExchangeRoutes(key: String, pattern: String, isMatch: Bool) {
        let exchange = BrokerView.Exchange(kind: "topic", alternate: nil, bindings: ["q": [pattern]])
        #expect(exchange.routes(key, to: "q") == isMatch)
        #expect(
            BrokerView.Exchange(kind: "direct", alternate: nil, bindings: ["q": [pattern]]).routes(key, to: "q")
                == (key == pattern))
        #expect(BrokerView.Exchange(kind: "topic", alternate: nil, bindings: nil).routes(key, to: "q") == nil)
    }

    @Test func permissionsAreACommandThatGrantsNoMore() {
        let permissions = Permissions(configure: ["b.parked", "a"], write: ["amq.default"], read: [])
        var options = RabbitMQOptions()
        (options.vhost, options.username) = ("screwdriver", "sd")
        #expect(
            permissions.command(options)
                == #"rabbitmqctl set_permissions -p 'screwdriver' 'sd' '^(a|b\.parked)$' '^(amq\.default)$' '^$'"#)
    }

    @Test func anotherBrokersViewIsOfNoUse() {
        let view = BrokerView(
            address: "http://b:15672", clusterName: "one", queues: [:], exchanges: [:], isConfigured: true)
        #expect(view.ifOf(cluster: "one").problem == nil)
        #expect(view.ifOf(cluster: nil).problem == nil)
        #expect(view.ifOf(cluster: "two").problem?.contains("is another broker's ('one', not 'two')") == true)
    }
}
