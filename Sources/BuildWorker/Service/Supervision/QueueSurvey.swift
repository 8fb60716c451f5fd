internal import Synchronization

/// What the worker's queues held when somebody last looked.
final class QueueSurvey: Sendable {
    struct Queue: Sendable {
        /// One of a few words, for metrics.
        let role: String
        let name: String
        /// `nil`: it does not exist, or nobody has looked yet.
        var ready: Int?
        var consumers: Int?
    }

    private let state: Mutex<[Queue]>

    init(_ options: RabbitMQOptions) {
        var queues = [Queue(role: "build", name: options.queue), Queue(role: "wait", name: options.waitQueue)]
        if options.retryQueueEnabled {
            queues += [
                Queue(role: "retry", name: options.retryQueue), Queue(role: "retryWait", name: options.retryWaitQueue),
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
                queues[index].ready = counts[queues[index].name]?.ready
                queues[index].consumers = counts[queues[index].name]?.consumers
            }
        }
    }
}
