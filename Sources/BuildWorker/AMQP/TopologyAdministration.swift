internal import CRabbitMQ

/// Declares and compares a ``Topology`` over a short-lived connection. Blocks: for commands, not for the worker.
public final class TopologyAdministration {
    let socket: AMQPSocket
    let options: RabbitMQOptions
    let topology: Topology
    /// What the management API says; `nil`: nobody was asked.
    let view: BrokerView?
    private var channel: UInt16 = 0

    /// Connects to the first host that answers.
    ///
    /// - Parameter view: heeded where it is of the same broker.
    public init(_ options: RabbitMQOptions, events: EventOptions = EventOptions(), view: BrokerView? = nil) throws(AMQPError) {
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
        self.topology = Topology(options, events: events, brokerVersion: properties?["version"]?.text ?? "")
    }

    public func close() { self.socket.close() }

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

    /// How an existing queue is set up; `nil`: the broker tells it to those only who may configure the queue. Changes nothing.
    func differences(of queue: Topology.Queue) throws(AMQPError) -> [ArgumentDifference]? {
        if let seen = self.view?.queues[queue.name] { return seen.differences(from: queue.arguments) }
        do throws(AMQPError) { return try self.differencesByDeclaring(queue).map(\.unlessSetByPolicy) } catch {
            guard error.code == .refused(403) else { throw error }
            return nil
        }
    }

    /// The broker names one argument that differs; with that one taken over it names the next.
    private func differencesByDeclaring(_ queue: Topology.Queue) throws(AMQPError) -> [ArgumentDifference] {
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
                // What is no argument, such as `durable`, is named again and again.
                guard !differences.contains(where: { $0.argument == difference.argument }) else { return differences }
                differences.append(difference)
                guard difference.canContinue else { return differences }
                arguments[difference.argument] = difference.current
                if difference.argument == "x-queue-type" {
                    for argument in ArgumentDifference.ofQuorumQueues { arguments[argument] = nil }
                    differences.removeAll { ArgumentDifference.ofQuorumQueues.contains($0.argument) }
                }
            }
        }
        return differences
    }

    /// A refusal closes the channel, so each question gets one of its own.
    func onFreshChannel<Result>(_ body: (UInt16) throws(AMQPError) -> Result) throws(AMQPError) -> Result {
        self.channel = self.channel % 2000 + 1
        try self.socket.openChannelAndWait(self.channel)
        let result = try body(self.channel)
        amqp_channel_close(self.socket.connection, self.channel, AMQP_REPLY_SUCCESS)
        return result
    }
}
