/// The management API's view of the worker's exchange and queues: mainly policies, which AMQP does not show.
package struct BrokerView: Sendable {
    package struct Queue: Sendable {
        /// The queue's own arguments and those added by policies.
        package let arguments: AMQPTable
        /// The policy that set an argument the queue itself does not set, by argument.
        let setBy: [String: String]
        /// `false`: the broker has no statistics for the queue yet, and reports no policies until then.
        let showsPolicies: Bool
        /// Dead letters kept because the target queue has not confirmed them (`messages_dlx`), as of a few seconds ago.
        let undelivered: Int

        /// - Parameters:
        ///   - own: the queue's arguments.
        ///   - policies: the effective policy definition, by the names that policies use; `nil`: unknown.
        ///   - source: the names of the policies.
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
                // Of two limits the lower applies; otherwise the queue's own value.
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
        /// The alternate exchange for unroutable messages, which are then not returned.
        let alternate: String?
        /// A policy that this user has no permission to read.
        let unreadPolicy: String?
        /// Routing keys by queue; `nil`: unknown.
        let bindings: [String: Set<String>]?

        package init(kind: String, alternate: String?, unreadPolicy: String? = nil, bindings: [String: Set<String>]?) {
            (self.kind, self.alternate, self.unreadPolicy, self.bindings) = (kind, alternate, unreadPolicy, bindings)
        }

        /// Whether a message with that routing key reaches the queue; `nil`: unknown.
        func routes(_ key: String, to queue: String) -> Bool? {
            switch self.kind {
            case "direct": self.bindings.map { $0[queue]?.contains(key) ?? false }
            case "topic": self.bindings.map { $0[queue]?.contains { TopicPattern($0).matches(key) } ?? false }
            default: nil
            }
        }
    }

    let address: String
    /// The broker's cluster name; `nil` if not reported.
    let clusterName: String?
    let queues: [String: Queue]
    let exchanges: [String: Exchange]
    /// Why the view is unusable.
    let problem: String?
    /// The management API is configured explicitly.
    let isConfigured: Bool

    /// - Parameter problem: why the view is unusable.
    package init(
        address: String, clusterName: String? = nil, queues: [String: Queue] = [:], exchanges: [String: Exchange] = [:],
        problem: String? = nil, isConfigured: Bool
    ) {
        (self.address, self.clusterName, self.queues, self.exchanges) = (address, clusterName, queues, exchanges)
        (self.problem, self.isConfigured) = (problem, isConfigured)
    }

    /// Discards the view if it belongs to another broker: one machine may run several.
    func ifOf(cluster: String?) -> BrokerView {
        guard let cluster, let clusterName, cluster != clusterName else { return self }
        let problem = "is another broker's ('\(clusterName)', not '\(cluster)'): set RABBITMQ_MANAGEMENT_URL"
        return BrokerView(address: self.address, problem: problem, isConfigured: self.isConfigured)
    }
}
