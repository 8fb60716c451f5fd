internal import Synchronization

/// What the worker's queues held when somebody last looked.
final class QueueSurvey: Sendable {
    struct Queue: Sendable {
        /// One of a few words, for metrics.
        let role: String
        /// Of a wait queue, the one that is there: the worker's own or the original's.
        var name: String
        fileprivate(set) var otherName: String?
        /// `nil`: it does not exist, or nobody has looked yet.
        var ready: Int?
        var consumers: Int?
    }

    private let state: Mutex<[Queue]>

    init(_ options: RabbitMQOptions) {
        func wait(_ role: String, _ name: String, of queue: String) -> Queue {
            Queue(role: role, name: name, otherName: Topology.conventionalWaitQueue(of: queue))
        }
        var queues = [Queue(role: "build", name: options.queue), wait("wait", options.waitQueue, of: options.queue)]
        if options.retryQueueEnabled {
            queues += [
                Queue(role: "retry", name: options.retryQueue), wait("retryWait", options.retryWaitQueue, of: options.retryQueue),
                Queue(role: "init", name: options.initQueue),
            ]
        }
        self.state = Mutex(queues + [Queue(role: "parked", name: options.parkedQueue)])
    }

    var queues: [Queue] { self.state.withLock { $0 } }

    /// - Parameter counts: by name; what is missing does not exist.
    func update(_ counts: [String: (ready: Int, consumers: Int)]) {
        self.state.withLock { queues in
            for index in queues.indices {
                if let other = queues[index].otherName, counts[queues[index].name] == nil, counts[other] != nil {
                    (queues[index].name, queues[index].otherName) = (other, queues[index].name)
                }
                queues[index].ready = counts[queues[index].name]?.ready
                queues[index].consumers = counts[queues[index].name]?.consumers
            }
        }
    }
}
