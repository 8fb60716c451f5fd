/// What the broker's management API tells of the worker's exchange and queues: policies above all, which AMQP does not show.
package struct BrokerView: Sendable {
    package struct Queue: Sendable {
        /// The queue's own, and what policies add to them.
        package let arguments: AMQPTable
        /// Who set what the queue's own arguments did not, by argument.
        let setBy: [String: String]
        /// `false`: the broker has not counted the queue yet, and tells nothing of policies before.
        let showsPolicies: Bool
        /// Dead letters that the queue keeps because the next one has not confirmed them (RabbitMQ's `messages_dlx`), a few seconds ago.
        let undelivered: Int

        /// - Parameters:
        ///   - own: the queue's arguments.
        ///   - policies: what its policies add up to, by the names that policies use; `nil`: not known.
        ///   - source: the policies' names.
        package init(kind: String?, own: AMQPTable, policies: AMQPTable?, source: String, undelivered: Int = 0) {
            var arguments = own
            var setBy: [String: String] = [:]
            if let kind, kind != "classic" {
                arguments["x-queue-type"] = .text(kind)
            } else {
                arguments["x-queue-type"] = nil
            }
            for field in policies?.fields ?? [] {
                let name = "x-\(field.name)"
                // Of two limits the lower holds; of anything else the queue's own.
                if let mine = own[name] {
                    guard let limit = field.value.integer, let own = mine.integer, limit < own else { continue }
                }
                arguments[name] = field.value
                setBy[name] = source
            }
            (self.arguments, self.setBy, self.showsPolicies, self.undelivered) = (
                arguments, setBy, policies != nil, undelivered
            )
        }

        func differences(from wanted: AMQPTable) -> [ArgumentDifference] {
            let isOtherKind = self.arguments["x-queue-type"] != wanted["x-queue-type"]
            let names = wanted.fields.map(\.name) + self.arguments.fields.map(\.name).filter { wanted[$0] == nil }
            return names.compactMap { name in
                let (current, wanted) = (self.arguments[name], wanted[name])
                let isSame =
                    current?.text == wanted?.text && current?.integer == wanted?.integer
                    && (current == nil) == (wanted == nil)
                if isSame { return nil }
                if isOtherKind, ArgumentDifference.ofQuorumQueues.contains(name), current == nil { return nil }
                let difference = ArgumentDifference(name, current, wanted: wanted, policy: self.setBy[name])
                return self.showsPolicies ? difference : difference.unlessSetByPolicy
            }
        }
    }

    package struct Exchange: Sendable {
        let kind: String
        /// Where it sends what no queue takes, instead of returning it.
        let alternate: String?
        /// A policy that this user may not read.
        let unreadPolicy: String?
        /// Keys by queue; `nil`: not known.
        let bindings: [String: Set<String>]?

        package init(kind: String, alternate: String?, unreadPolicy: String? = nil, bindings: [String: Set<String>]?) {
            (self.kind, self.alternate, self.unreadPolicy, self.bindings) = (kind, alternate, unreadPolicy, bindings)
        }

        /// Whether a message with that key gets into the queue; `nil`: not known.
        func routes(_ key: String, to queue: String) -> Bool? {
            switch self.kind {
            case "direct": self.bindings.map { $0[queue]?.contains(key) ?? false }
            case "topic": self.bindings.map { $0[queue]?.contains { TopicPattern($0).matches(key) } ?? false }
            default: nil
            }
        }
    }

    let address: String
    /// Of the broker; `nil` where it was not told.
    let clusterName: String?
    let queues: [String: Queue]
    let exchanges: [String: Exchange]
    /// Why it was of no use.
    let problem: String?
    /// Somebody wants it to be of use.
    let isConfigured: Bool

    /// - Parameter problem: why it is of no use.
    package init(
        address: String, clusterName: String? = nil, queues: [String: Queue] = [:], exchanges: [String: Exchange] = [:],
        problem: String? = nil, isConfigured: Bool
    ) {
        (self.address, self.clusterName, self.queues, self.exchanges) = (address, clusterName, queues, exchanges)
        (self.problem, self.isConfigured) = (problem, isConfigured)
    }

    /// One machine may have several brokers.
    func ifOf(cluster: String?) -> BrokerView {
        guard let cluster, let clusterName, cluster != clusterName else { return self }
        let problem = "is another broker's ('\(clusterName)', not '\(cluster)'): set RABBITMQ_MANAGEMENT_URL"
        return BrokerView(address: self.address, problem: problem, isConfigured: self.isConfigured)
    }
}
