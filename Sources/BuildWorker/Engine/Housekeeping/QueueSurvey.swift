internal import RabbitMQ
internal import Synchronization

/// The last known message counts of the worker's queues.
final class QueueSurvey: Sendable {
    private let state: Mutex<[QueuesCheck.Queue]>
    /// Wait queue names: the worker's own and the original's, whichever exists.
    private let waitQueues: [QueueRole: [String]]

    init(_ options: RabbitMQOptions) {
        self.state = Mutex(options.queues.map { QueuesCheck.Queue($0.role, $0.name) })
        self.waitQueues = [
            .wait: [options.waitQueue, Topology.conventionalWaitQueue(of: options.queue)],
            .retryWait: [options.retryWaitQueue, Topology.conventionalWaitQueue(of: options.retryQueue)],
        ]
    }

    var queues: [QueuesCheck.Queue] { self.state.withLock { $0 } }

    var names: [String] {
        Set(
            self.queues.map(\.name)
                + self.waitQueues.filter { role, _ in self.queues.contains { $0.role == role } }.values.joined()
        ).sorted()
    }

    /// - Parameter counts: by name; a missing entry means that the queue does not exist.
    func update(_ counts: [String: (ready: Int, consumers: Int)]) {
        self.state.withLock { queues in
            for (index, queue) in queues.enumerated() {
                let name = self.waitQueues[queue.role]?.first { counts[$0] != nil } ?? queue.name
                queues[index] = QueuesCheck.Queue(
                    queue.role, name, ready: counts[name]?.ready, consumers: counts[name]?.consumers)
            }
        }
    }
}
