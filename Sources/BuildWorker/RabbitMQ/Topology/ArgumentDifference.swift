/// A queue argument that differs from the expected value, parsed from the broker's 406 reply.
///
/// For example: `PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'builds' in vhost '/': received
/// none but current is the value '5000' of type 'signedint'`.
struct ArgumentDifference: Hashable, Sendable {
    let argument: String
    /// The queue's value; `nil`: not set.
    let current: AMQPValue?
    /// The current value was parsed, so the remaining arguments can be compared.
    let canContinue: Bool
    private(set) var severity: TopologyFinding.Severity
    private(set) var text: String

    /// Arguments of quorum queues only: for a classic queue one line covers them all.
    static let ofQuorumQueues = ["x-dead-letter-strategy", "x-overflow", "x-delivery-limit"]
    /// Arguments that a policy can set if the queue itself does not.
    private static let ofPolicies: Set = [
        "x-message-ttl", "x-dead-letter-exchange", "x-dead-letter-routing-key", "x-dead-letter-strategy", "x-overflow",
        "x-delivery-limit",
    ]

    init?(parsing answer: String, expected: AMQPTable) {
        guard let argument = answer.firstMatch(of: /inequivalent arg '([^']*)'/)?.output.1,
            let now = answer.firstMatch(of: /but current is (.*)$/)?.output.1
        else { return nil }
        // `none`, `'5000'` (the same type as received), or `the value '5000' of type 'signedint'`.
        let value = now == "none" ? nil : now.firstMatch(of: /'(.*?)'(?: of type|$)/)?.output.1
        let wanted = expected[String(argument)]
        let current: AMQPValue? = value.map { value in
            if let number = Int64(value), wanted?.integer != nil || !now.hasSuffix("'longstr'") {
                return .int64(number)
            }
            return .text(String(value))
        }
        self.init(String(argument), current, wanted: wanted, canContinue: value != nil || now == "none")
    }

    /// - Parameter policy: the policy that set the value, if not the queue's own arguments.
    init(_ argument: String, _ current: AMQPValue?, wanted: AMQPValue?, policy: String? = nil, canContinue: Bool = true)
    {
        (self.argument, self.current, self.canContinue) = (argument, current, canContinue)
        let found = current.map { "is '\($0.shown)'\(policy.map { " (by \($0))" } ?? "")" } ?? "is not set"
        let should = wanted.map { "should be '\($0.shown)'" } ?? "should not be set"
        let danger = Self.danger(of: argument, current, isWanted: wanted != nil)
        self.severity = danger == nil ? .warning : .problem
        let cost = danger ?? Self.cost(of: argument, isWanted: wanted != nil)
        self.text = "\(argument) \(found), \(should)\(cost.map { ": \($0)" } ?? "")"
    }

    /// AMQP does not show policies: an argument that a policy may set is not an alarm.
    var unlessSetByPolicy: ArgumentDifference {
        guard self.current == nil, Self.ofPolicies.contains(self.argument) else { return self }
        var difference = self
        (difference.severity, difference.text) = (.warning, "\(self.text), unless a policy sets it")
        return difference
    }

    init(unparsed answer: String) {
        (self.argument, self.current, self.canContinue) = ("", nil, false)
        (self.severity, self.text) = (.warning, answer)
    }

    private static let expiry =
        "messages that expire here and come back without having been rejected are dropped by the broker (a dead-letter cycle without a rejection)"

    /// The possible damage, described for operators who decide whether to change a live queue.
    private static func danger(of argument: String, _ current: AMQPValue?, isWanted: Bool) -> String? {
        switch (argument, current != nil, isWanted) {
        // The official guide's work queues have 8 hours; waits that long trigger other alarms.
        case ("x-message-ttl", true, false): current?.integer ?? 0 < 3_600_000 ? self.expiry : nil
        case ("x-delivery-limit", true, false):
            "a message whose deliveries are used up goes round a dead-letter cycle without a rejection, which the broker drops"
        case ("x-dead-letter-exchange", false, true): "a rejected message is lost at once"
        case ("x-message-ttl", false, true): "nothing ever leaves this queue: delays and init timers never end"
        case ("x-max-length", true, false), ("x-max-length-bytes", true, false):
            "when it is full the broker gives up the oldest messages to take new ones, unless x-overflow says otherwise"
        case ("x-expires", true, false):
            "the queue deletes itself, with what is in it, when nobody has used it for so many milliseconds"
        default: nil
        }
    }

    /// A drawback that endangers no message while brokers and workers are healthy.
    private static func cost(of argument: String, isWanted: Bool) -> String? {
        switch (argument, isWanted) {
        case ("x-dead-letter-exchange", true):
            "it works as well while that exchange is bound to the queue named by the routing key"
        case ("x-message-ttl", false): self.expiry
        case ("x-max-priority", false): "it costs memory, and nothing has a priority"
        // Short: one line of `worker check queues` contains the findings of all queues.
        case ("x-queue-type", true): "a classic queue is away, or lost, with its node"
        case ("x-single-active-consumer", false): "one worker gets all messages, and the others none"
        default: nil
        }
    }
}

extension AMQPValue {
    fileprivate var shown: String {
        if case .bool(let flag) = self { String(flag) } else { self.text ?? self.integer.map { String($0) } ?? "?" }
    }
}
