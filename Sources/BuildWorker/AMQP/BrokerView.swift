/// What the broker's management API tells of the worker's exchange and queues: policies above all, which AMQP does not show.
public struct BrokerView: Sendable {
    public struct Queue: Sendable {
        /// The queue's own, and what policies add to them.
        public let arguments: AMQPTable
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
        public init(kind: String?, own: AMQPTable, policies: AMQPTable?, source: String, undelivered: Int = 0) {
            var arguments = own
            var setBy: [String: String] = [:]
            if let kind, kind != "classic" { arguments["x-queue-type"] = .text(kind) } else { arguments["x-queue-type"] = nil }
            for field in policies?.fields ?? [] {
                let name = "x-\(field.name)"
                // Of two limits the lower holds; of anything else the queue's own.
                if let mine = own[name], !(field.value.integer.flatMap { limit in mine.integer.map { limit < $0 } } ?? false) { continue }
                arguments[name] = field.value
                setBy[name] = source
            }
            (self.arguments, self.setBy, self.showsPolicies, self.undelivered) = (arguments, setBy, policies != nil, undelivered)
        }

        func differences(from wanted: AMQPTable) -> [ArgumentDifference] {
            let isOtherKind = self.arguments["x-queue-type"] != wanted["x-queue-type"]
            let names = wanted.fields.map(\.name) + self.arguments.fields.map(\.name).filter { wanted[$0] == nil }
            return names.compactMap { name in
                let (current, wanted) = (self.arguments[name], wanted[name])
                guard current?.text != wanted?.text || current?.integer != wanted?.integer || (current == nil) != (wanted == nil) else { return nil }
                if isOtherKind, ArgumentDifference.ofQuorumQueues.contains(name), current == nil { return nil }
                let difference = ArgumentDifference(name, current, wanted: wanted, policy: self.setBy[name])
                return self.showsPolicies ? difference : difference.unlessSetByPolicy
            }
        }
    }

    public struct Exchange: Sendable {
        let kind: String
        /// Where it sends what no queue takes, instead of returning it.
        let alternate: String?
        /// A policy that this user may not read.
        let unreadPolicy: String?
        /// Keys by queue; `nil`: not known.
        let bindings: [String: Set<String>]?

        public init(kind: String, alternate: String?, unreadPolicy: String? = nil, bindings: [String: Set<String>]?) {
            (self.kind, self.alternate, self.unreadPolicy, self.bindings) = (kind, alternate, unreadPolicy, bindings)
        }

        /// Whether a message with that key gets into the queue; `nil`: not known.
        func routes(_ key: String, to queue: String) -> Bool? {
            switch self.kind {
            case "direct": self.bindings.map { $0[queue]?.contains(key) ?? false }
            case "topic": self.bindings.map { $0[queue]?.contains { Self.matches(key, $0) } ?? false }
            default: nil
            }
        }

        /// A topic exchange's rule: words with dots between them, `*` for one, `#` for any number.
        static func matches(_ key: String, _ pattern: String) -> Bool {
            func matches(_ words: ArraySlice<Substring>, _ patterns: ArraySlice<Substring>) -> Bool {
                guard let first = patterns.first else { return words.isEmpty }
                if first == "#" { return matches(words, patterns.dropFirst()) || !words.isEmpty && matches(words.dropFirst(), patterns) }
                guard let word = words.first, first == "*" || first == word else { return false }
                return matches(words.dropFirst(), patterns.dropFirst())
            }
            return matches(key.split(separator: ".", omittingEmptySubsequences: false)[...], pattern.split(separator: ".", omittingEmptySubsequences: false)[...])
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
    private(set) var isConfigured = true

    public init(address: String, clusterName: String?, queues: [String: Queue], exchanges: [String: Exchange], isConfigured: Bool) {
        (self.address, self.clusterName, self.queues, self.exchanges, self.problem, self.isConfigured) = (address, clusterName, queues, exchanges, nil, isConfigured)
    }

    public init(address: String, problem: String, isConfigured: Bool) {
        (self.address, self.clusterName, self.queues, self.exchanges, self.problem, self.isConfigured) = (address, nil, [:], [:], problem, isConfigured)
    }

    /// One machine may have several brokers.
    func ifOf(cluster: String?) -> BrokerView {
        guard let cluster, let clusterName, cluster != clusterName else { return self }
        let problem = "is another broker's ('\(clusterName)', not '\(cluster)'): set RABBITMQ_MANAGEMENT_URL"
        return BrokerView(address: self.address, problem: problem, isConfigured: self.isConfigured)
    }
}
