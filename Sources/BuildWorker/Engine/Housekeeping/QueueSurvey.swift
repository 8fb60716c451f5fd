internal import RabbitMQ
internal import Synchronization

/// What the worker's queues held when somebody last looked.
final class QueueSurvey: Sendable {
    private let state: Mutex<[QueuesCheck.Queue]>
    /// A wait queue is the worker's own or the original's, whichever is there.
    private let waitQueues: [QueueRole: [String]]

    init(_ options: RabbitMQOptions) {
        self.state = Mutex(options.queues.map { QueuesCheck.Queue($0.role, $0.name) })
        self.waitQueues = [
            .wait: [options.waitQueue, Topology.conventionalWaitQueue(of: options.queue)],
            .retryWait: [options.retryWaitQueue, Topology.conventionalWaitQueue(of: options.retryQueue)],
        ]
    }

    var queues: [QueuesCheck.Queue] { self.state.withLock { $0 } }

    /// Of all that are worth a look.
    var names: [String] {
        Set(
            self.queues.map(\.name)
                + self.waitQueues.filter { role, _ in self.queues.contains { $0.role == role } }.values.joined()
        ).sorted()
    }

    /// - Parameter counts: by name; what is missing does not exist.
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
