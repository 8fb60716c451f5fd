internal import CRabbitMQ
internal import Support

/// Declares and compares a ``Topology`` over a short-lived connection. Blocking: for commands, not for the worker.
package final class TopologyAdministration {
    let socket: AMQPSocket
    let options: RabbitMQOptions
    let topology: Topology
    /// The management API's view; `nil`: not queried.
    let view: BrokerView?
    private var channel: UInt16 = 0

    /// Connects to the first host that answers. `view`: used if it belongs to the same broker.
    package init(_ options: RabbitMQOptions, eventsExchange: String = "", view: BrokerView? = nil) throws(AMQPError) {
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
        let properties = amqp_get_server_properties(open.connection).map { AMQPTable(copying: $0.pointee) }
        (self.socket, self.options, self.view) = (open, options, view?.ifOf(cluster: properties?["cluster_name"]?.text))
        self.topology = Topology(
            options, eventsExchange: eventsExchange, brokerVersion: properties?["version"]?.text ?? "")
    }

    package func close() { self.socket.close() }

    /// The number of ready messages; `nil` if the queue does not exist.
    package func depth(of queue: String) throws(AMQPError) -> Int? { try self.counts(of: queue)?.ready }

    /// The number of ready messages and of consumers; `nil` if the queue does not exist. Excludes messages in flight.
    package func counts(of queue: String) throws(AMQPError) -> (ready: Int, consumers: Int)? {
        do throws(AMQPError) {
            return try self.onFreshChannel { channel throws(AMQPError) in
                try self.socket.declareQueue(queue, arguments: [:], isPassive: true, on: channel)
            }
        } catch  where error.code == .refused(404) { return nil }
    }

    /// A queue's differing arguments; `nil`: the user lacks the configure permission to see them. Changes nothing.
    func differences(of queue: Topology.Queue) throws(AMQPError) -> [ArgumentDifference]? {
        if let seen = self.view?.queues[queue.name] { return seen.differences(from: queue.arguments) }
        do throws(AMQPError) { return try self.differencesByDeclaring(queue).map(\.unlessSetByPolicy) } catch
            where error.code == .refused(403)
        {
            return nil
        }
    }

    /// The broker reports one difference at a time; adopting that value reveals the next.
    private func differencesByDeclaring(_ queue: Topology.Queue) throws(AMQPError) -> [ArgumentDifference] {
        var arguments = queue.arguments
        var differences: [ArgumentDifference] = []
        for _ in 0..<16 {
            let refusal = try self.refusal { channel throws(AMQPError) in
                try self.socket.declareQueue(queue.name, arguments: arguments, isPassive: false, on: channel)
            }
            guard let refusal else { return differences }
            guard refusal.code == .refused(406) else { throw refusal }
            guard let difference = ArgumentDifference(parsing: refusal.detail, expected: arguments) else {
                return differences + [ArgumentDifference(unparsed: refusal.detail)]
            }
            // Properties that are not arguments, such as `durable`, are reported repeatedly.
            guard !differences.contains(where: { $0.argument == difference.argument }) else { return differences }
            differences.append(difference)
            guard difference.canContinue else { return differences }
            arguments[difference.argument] = difference.current
            if difference.argument == "x-queue-type" {
                for argument in ArgumentDifference.ofQuorumQueues { arguments[argument] = nil }
                differences.removeAll { ArgumentDifference.ofQuorumQueues.contains($0.argument) }
            }
        }
        return differences
    }

    enum ExchangeState {
        case missing(String)
        case usable(String)
        case other(String)
    }

    /// Checks an existing exchange's type by declaring it, which changes nothing and may be refused.
    func look(atExchange exchange: String, _ wanted: String) throws(AMQPError) -> ExchangeState {
        func declare(isPassive: Bool) throws(AMQPError) -> AMQPError? {
            try self.refusal { channel throws(AMQPError) in
                try self.socket.declareExchange(exchange, kind: wanted, isPassive: isPassive, on: channel)
            }
        }
        if let refusal = try declare(isPassive: true) { return .missing(refusal.detail) }
        var kind = self.view?.exchanges[exchange]?.kind
        if kind == nil, let refusal = try declare(isPassive: false) {
            kind = refusal.detail.firstMatch(of: /inequivalent arg 'type'.*but current is '([^']*)'/).map {
                String($0.output.1)
            }
        }
        switch kind {
        case nil, wanted: return .usable("exists")
        case "topic" where wanted == "direct":
            return .usable(
                "is a topic exchange, not a direct one: that works as well, for every queue is bound by its own name")
        case let kind?:
            return .other(
                "is a \(kind) exchange, not a \(wanted) one: it does not send a message to the queue that the message names"
            )
        }
    }

    /// - Returns: the broker's refusal of this operation; `nil`: none.
    func refusal(_ body: (UInt16) throws(AMQPError) -> Void) throws(AMQPError) -> AMQPError? {
        do throws(AMQPError) { try self.onFreshChannel(body) } catch {
            guard case .refused = error.code, !error.isRetriable else { throw error }
            return error
        }
        return nil
    }

    /// A refusal closes the channel, so each operation gets its own.
    func onFreshChannel<Result>(_ body: (UInt16) throws(AMQPError) -> Result) throws(AMQPError) -> Result {
        self.channel = self.channel % 2000 + 1
        try self.socket.openChannelAndWait(self.channel)
        let result = try body(self.channel)
        amqp_channel_close(self.socket.connection, self.channel, AMQP_REPLY_SUCCESS)
        return result
    }
}
