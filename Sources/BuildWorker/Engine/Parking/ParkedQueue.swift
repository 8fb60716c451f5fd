package import RabbitMQ
internal import Support
internal import Synchronization

/// Operator access to the parked queue: reads all messages, retries or drops some, and requeues the rest unchanged.
package struct ParkedQueue: Sendable {
    package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        case unroutable(String)
        case broker(AMQPError)
        /// The queue has messages, but none is delivered.
        case unreadable(queue: String, reason: String)
        /// Changes made before the failure remain.
        case notPublished(id: String, outcome: PublishOutcome)
        case noOrigin(id: String)

        package var description: String {
            switch self {
            case .unroutable(let queue): "there is no queue \(queue); 'worker topology apply' makes it"
            case .broker(let error): error.description
            case .unreadable(let queue, let reason): "the messages in \(queue) cannot be looked at: \(reason)"
            case .notPublished(let id, .refused(let reason)):
                "\(id) stays parked: the user may not publish it (\(reason))"
            case .notPublished(let id, .returned): "\(id) stays parked: no queue takes it; --to names another"
            case .notPublished(let id, let outcome): "\(id) stays parked: RabbitMQ did not take it (\(outcome))"
            case .noOrigin(let id): "\(id) stays parked: it does not say which queue it came from; --to names one"
            }
        }

        fileprivate var concernsOneMessage: Bool {
            switch self {
            case .noOrigin, .notPublished(_, .returned), .notPublished(_, .refused): true
            case .unroutable, .broker, .unreadable, .notPublished: false
            }
        }
    }

    package enum Verdict: Hashable, Sendable {
        case leave
        case retry(queue: String?)
        case drop
    }

    /// Messages per call; call again for the rest.
    static let largestLook = 10_000
    /// If no message arrives for this long, another consumer has the rest.
    private static let timeout = Duration.seconds(5)

    private let options: RabbitMQOptions

    package init(_ options: RabbitMQOptions) { self.options = options }

    /// Passes every message to `judge` once, oldest first, and applies the verdict: a retry is confirmed before the
    /// parked message is removed. If the broker fails, the rest stays. `done` is called per message changed.
    package func review(_ judge: (ParkedMessage) -> Verdict, done: (ParkedMessage) -> Void = { _ in })
        async throws(Failure)
    {
        let depth = try await self.depth()
        guard depth > 0 else { return }
        let endpoint = AMQPEndpoint(self.options, connectionName: "\(Product.name) parked \(Product.version)")
        let refusal = Refusal()
        let consuming = ConsumingConnection(
            endpoint, queues: [self.options.parkedQueue], prefetch: min(depth, Self.largestLook), host: "worker parked"
        ) { event in
            if case .consumerLost(_, _, let reason, _) = event { refusal.reason.withLock { $0 = reason } }
        }
        let publishing = PublishingConnection(endpoint, confirmTimeout: .seconds(10), timeout: .seconds(15)) { _ in }
        consuming.start()
        publishing.start()
        let deliveries = await Self.take(min(depth, Self.largestLook), from: consuming)
        var failure: Failure?
        var left = deliveries.count
        if deliveries.isEmpty, let reason = refusal.reason.withLock({ $0 }) {
            failure = .unreadable(queue: self.options.parkedQueue, reason: reason)
        }
        for delivery in deliveries {
            let parked = ParkedMessage(parked: delivery)
            do throws(Failure) {
                switch judge(parked) {
                case .leave: continue
                case .retry(let queue): try await self.retry(parked, to: queue, publishing)
                case .drop: break
                }
                consuming.settle(delivery.tag, as: .ack)
                left -= 1
                done(parked)
            } catch {
                failure = failure ?? error
                // A message that is rejected by itself does not stop the others.
                guard error.concernsOneMessage else { break }
            }
        }
        // The broker requeues what is not settled.
        consuming.stop()
        publishing.stop()
        await consuming.waitUntilStopped()
        await publishing.waitUntilStopped()
        if let failure { throw failure }
        try await self.awaitReturn(of: left)
    }

    /// Waits for the broker to requeue unsettled messages, shortly after the connection closes, for the next command.
    private func awaitReturn(of count: Int) async throws(Failure) {
        let limit = ContinuousClock.now + Self.timeout
        while try await self.depth() < count, ContinuousClock.now < limit {
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
        }
    }

    private func retry(_ parked: ParkedMessage, to queue: String?, _ publishing: PublishingConnection)
        async throws(Failure)
    {
        guard let message = parked.retry(self.options, to: queue, at: Timestamp.now.text) else {
            throw .noOrigin(id: parked.id)
        }
        let outcome = await publishing.publish(message)
        guard outcome == .confirmed else { throw .notPublished(id: parked.id, outcome: outcome) }
    }

    private func depth() async throws(Failure) -> Int {
        let options = self.options
        let depth: Int?
        do {
            depth = try await OwnThread.run {
                let administration = try TopologyAdministration(options)
                defer { administration.close() }
                return try administration.depth(of: options.parkedQueue)
            }
        } catch let error as AMQPError { throw .broker(error) } catch {
            fatalError("only the broker fails here: \(error)")
        }
        guard let depth else { throw .unroutable(options.parkedQueue) }
        return depth
    }

    private final class Refusal: Sendable {
        let reason = Mutex<String?>(nil)
    }

    private final class LastArrival: Sendable {
        let time = Mutex(ContinuousClock.now)
    }

    /// Takes `count` messages, or fewer if no more arrive.
    private static func take(_ count: Int, from connection: ConsumingConnection) async -> [Delivery] {
        let lastArrival = LastArrival()
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while lastArrival.time.withLock({ $0 }) + Self.timeout > .now {
                    do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
                }
                connection.drain()
            }
            var deliveries: [Delivery] = []
            for await delivery in connection.deliveries {
                lastArrival.time.withLock { $0 = .now }
                deliveries.append(delivery)
                if deliveries.count == count { break }
            }
            group.cancelAll()
            return deliveries
        }
    }
}
