internal import CRabbitMQ

/// What `worker topology check` finds about one object.
public struct TopologyFinding: Hashable, Sendable {
    public enum Severity: String, Sendable { case ok, warning, problem }

    public let severity: Severity
    public let subject: String
    public let text: String
}

/// Declares and compares a ``Topology`` over a short-lived connection. Blocks: for commands, not for the worker.
public final class TopologyAdministration {
    private let socket: AMQPSocket
    private let options: RabbitMQOptions
    private let events: EventOptions
    private var channel: UInt16 = 0
    public let brokerVersion: String

    /// Connects to the first host that answers.
    public init(_ options: RabbitMQOptions, events: EventOptions = EventOptions()) throws(AMQPError) {
        let endpoint = AMQPEndpoint(options, connectionName: "\(Product.name) topology \(Product.version)")
        var failure = AMQPError("connect", unsendable: "no host is configured")
        var open: AMQPSocket?
        for host in endpoint.hosts {
            do throws(AMQPError) {
                open = try AMQPSocket.open(endpoint, host: host)
                break
            } catch { failure = error }
        }
        guard let open else { throw failure }
        (self.socket, self.options, self.events) = (open, options, events)
        let properties = amqp_get_server_properties(open.connection).map { AMQPTable(copying: $0.pointee) }
        self.brokerVersion = properties?["version"]?.text ?? ""
    }

    public func close() { self.socket.close() }

    /// Declares everything. Existing objects stay as they are; one with other arguments is an error that names them.
    public func apply() throws(AMQPError) { try self.apply(Topology(self.options, events: self.events, brokerVersion: self.brokerVersion)) }

    func apply(_ topology: Topology) throws(AMQPError) {
        try self.onFreshChannel { channel throws(AMQPError) in
            try self.socket.declareExchange(topology.exchange, kind: "direct", isPassive: false, on: channel)
            if let exchange = topology.eventsExchange { try self.socket.declareExchange(exchange, kind: "topic", isPassive: false, on: channel) }
            for queue in topology.queues {
                try self.socket.declareQueue(queue.name, arguments: queue.arguments, isPassive: false, on: channel)
                try self.socket.bindQueue(queue.name, to: topology.exchange, key: queue.name, on: channel)
            }
        }
    }

    /// Messages that are ready in a queue; `nil` where it does not exist.
    public func depth(of queue: String) throws(AMQPError) -> Int? { try self.counts(of: queue)?.ready }

    /// Messages that are ready in a queue, and who consumes it; `nil` where it does not exist. What consumers have in hand is
    /// in neither.
    public func counts(of queue: String) throws(AMQPError) -> (ready: Int, consumers: Int)? {
        do throws(AMQPError) {
            return try self.onFreshChannel { channel throws(AMQPError) in
                try self.socket.declareQueue(queue, arguments: [:], isPassive: true, on: channel)
            }
        } catch {
            guard error.code == .refused(404) else { throw error }
            return nil
        }
    }

    /// Compares what is there with what should be. Changes nothing.
    public func check() throws(AMQPError) -> [TopologyFinding] {
        let topology = Topology(self.options, events: self.events, brokerVersion: self.brokerVersion)
        var findings = [try self.checkExchange(topology.exchange, "direct", withoutIt: "nobody can publish builds")]
        if let exchange = topology.eventsExchange {
            findings.append(try self.checkExchange(exchange, "topic", withoutIt: "build events wait in the spool and are dead in the end"))
        }
        var elsewhere: [String: String] = [:]
        for queue in topology.queues {
            // Who has not the wait queue may have another that does its work: the one that the work queue names.
            if let other = elsewhere[queue.name], try self.depth(of: queue.name) == nil, try self.depth(of: other) != nil {
                findings.append(
                    TopologyFinding(severity: .warning, subject: "queue \(queue.name)", text: "missing: \(other) is in its place"))
                findings += try self.check(queue.called(other), &elsewhere)
            } else {
                findings += try self.check(queue, &elsewhere)
            }
        }
        return findings
    }

    private func checkExchange(_ exchange: String, _ kind: String, withoutIt: String) throws(AMQPError) -> TopologyFinding {
        let subject = "exchange \(exchange)"
        do throws(AMQPError) {
            try self.onFreshChannel { channel throws(AMQPError) in
                try self.socket.declareExchange(exchange, kind: kind, isPassive: true, on: channel)
            }
            return TopologyFinding(severity: .ok, subject: subject, text: "exists")
        } catch {
            guard case .refused = error.code else { throw error }
            return TopologyFinding(severity: .problem, subject: subject, text: "\(error.detail): \(withoutIt)")
        }
    }

    /// - Parameter elsewhere: learns which queue this one dead-letters to instead of that which it should.
    private func check(_ queue: Topology.Queue, _ elsewhere: inout [String: String]) throws(AMQPError) -> [TopologyFinding] {
        let subject = "queue \(queue.name)"
        guard let depth = try self.depth(of: queue.name) else {
            let severity: TopologyFinding.Severity = queue.name == self.options.queue ? .problem : .warning
            return [TopologyFinding(severity: severity, subject: subject, text: "missing: \(queue.withoutIt)")]
        }
        let differences: [ArgumentDifference]
        do throws(AMQPError) { differences = try self.differences(of: queue) } catch {
            guard error.code == .refused(403) else { throw error }
            // A worker's user needs no right to configure, and should have none.
            let text = "is there, \(depth) ready; how it is set up is told to users only who may configure it"
            return [TopologyFinding(severity: .ok, subject: subject, text: text)]
        }
        let deadLetters = "x-dead-letter-routing-key"
        if let named = differences.first(where: { $0.argument == deadLetters })?.current?.text, let wanted = queue.arguments[deadLetters]?.text {
            elsewhere[wanted] = named
        }
        guard !differences.isEmpty else {
            return [TopologyFinding(severity: .ok, subject: subject, text: "as it should be, \(depth) ready")]
        }
        return differences.map { TopologyFinding(severity: $0.severity, subject: subject, text: $0.text) }
    }

    /// The broker names one argument that differs; with that one taken over it names the next.
    private func differences(of queue: Topology.Queue) throws(AMQPError) -> [ArgumentDifference] {
        var arguments = queue.arguments
        var differences: [ArgumentDifference] = []
        for _ in 0..<16 {
            do throws(AMQPError) {
                try self.onFreshChannel { channel throws(AMQPError) in
                    _ = try self.socket.declareQueue(queue.name, arguments: arguments, isPassive: false, on: channel)
                }
                return differences
            } catch {
                guard error.code == .refused(406) else { throw error }
                guard let difference = ArgumentDifference(parsing: error.detail, expected: arguments) else {
                    return differences + [ArgumentDifference(unparsed: error.detail)]
                }
                differences.append(difference)
                guard difference.canContinue else { return differences }
                arguments[difference.argument] = difference.current
                if difference.argument == "x-queue-type" {
                    // It cannot have what quorum queues alone have, and one line says so. What is dangerous in it is asked all the same.
                    for argument in Self.ofQuorumQueues { arguments[argument] = nil }
                    differences.removeAll { Self.ofQuorumQueues.contains($0.argument) }
                }
            }
        }
        return differences
    }

    private static let ofQuorumQueues = ["x-dead-letter-strategy", "x-overflow", "x-delivery-limit"]

    /// A refusal closes the channel, so each question gets one of its own.
    private func onFreshChannel<Result>(_ body: (UInt16) throws(AMQPError) -> Result) throws(AMQPError) -> Result {
        self.channel = self.channel % 2000 + 1
        try self.socket.openChannelAndWait(self.channel)
        let result = try body(self.channel)
        amqp_channel_close(self.socket.connection, self.channel, AMQP_REPLY_SUCCESS)
        return result
    }
}
