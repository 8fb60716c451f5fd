/// What `worker topology apply` does, or would do, for one object.
package struct TopologyStep: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// It was missing and is created; in a plan: would be created.
        case made
        /// It exists and is left unchanged.
        case left = "left alone"
        /// It is missing, and another object serves its purpose.
        case needless = "not needed"
        /// It is needed and could not be created.
        case failed
    }

    package let kind: Kind
    package let subject: String
    package let text: String
}

/// Permissions as used by `rabbitmqctl set_permissions`.
struct Permissions: Hashable, Sendable {
    var configure: Set<String> = []
    var write: Set<String> = []
    var read: Set<String> = []

    /// The complete command. It replaces the user's permissions.
    func command(_ options: RabbitMQOptions) -> String {
        let patterns = [self.configure, self.write, self.read].map { names in
            let names = names.sorted().map { $0.replacing(/[.+*?^$()\[\]{}|\\]/) { "\\\($0.output)" } }
            return names.isEmpty ? "'^$'" : "'^(\(names.joined(separator: "|")))$'"
        }
        return
            "rabbitmqctl set_permissions -p '\(options.vhost)' '\(options.username)' \(patterns.joined(separator: " "))"
    }
}

extension TopologyAdministration {
    /// The result of ``apply(isPlan:onStep:)``.
    package struct Application {
        package fileprivate(set) var isComplete = true
        fileprivate var missing = Permissions()
        fileprivate let onStep: (TopologyStep) -> Void

        fileprivate mutating func add(_ kind: TopologyStep.Kind, _ subject: String, _ text: String) {
            if kind == .failed { self.isComplete = false }
            self.onStep(TopologyStep(kind: kind, subject: subject, text: text))
        }
    }

    /// Creates what is missing and leaves the rest unchanged. Objects are independent: without permission a step fails.
    ///
    /// - Parameters:
    ///   - isPlan: change nothing.
    ///   - onStep: called for each finished object.
    /// - Throws: if the connection is lost.
    @discardableResult
    package func apply(isPlan: Bool = false, onStep: @escaping (TopologyStep) -> Void = { _ in }) throws(AMQPError)
        -> Application
    {
        try self.apply(self.topology, isPlan: isPlan, onStep: onStep)
    }

    @discardableResult
    func apply(
        _ topology: Topology, isPlan: Bool = false, onStep: @escaping (TopologyStep) -> Void = { _ in }
    ) throws(AMQPError) -> Application {
        var application = Application(onStep: onStep)
        for (exchange, kind) in [(topology.exchange, "direct")]
            + (topology.eventsExchange.map { [($0, "topic")] } ?? [])
        {
            try self.apply(exchange: exchange, kind, isPlan, &application)
        }
        for place in try self.survey(topology) {
            if let standIn = place.standIn {
                try self.keep(standIn.queue, standIn.state, topology, isPlan, &application)
            }
            if let state = place.state {
                try self.keep(place.queue, state, topology, isPlan, &application)
            } else if place.isNeedless, let work = place.queue.waitsFor {
                application.add(.needless, place.queue, "\(work) dead-letters to \(place.name), which does its work")
            } else {
                try self.make(place.queue, topology, isPlan, &application)
            }
        }
        return application
    }

    private func apply(exchange: String, _ kind: String, _ isPlan: Bool, _ application: inout Application)
        throws(AMQPError)
    {
        func add(_ kind: TopologyStep.Kind, _ text: String) { application.add(kind, "exchange \(exchange)", text) }
        switch try self.look(atExchange: exchange, kind) {
        case .usable(let text): add(.left, text)
        case .other(let text): add(.failed, "\(text). Delete it, or give the worker another (RABBITMQ_EXCHANGE)")
        case .missing:
            var refusal: AMQPError?
            if !isPlan {
                refusal = try self.refusal { channel throws(AMQPError) in
                    try self.socket.declareExchange(exchange, kind: kind, isPassive: false, on: channel)
                }
            }
            if refusal?.code == .refused(403) { application.missing.configure.insert(exchange) }
            add(refusal == nil ? .made : .failed, refusal?.detail ?? "a \(kind) exchange")
        }
    }

    /// Keeps an existing queue. It may belong to others, so a refused binding fails only if the queue is not bound.
    private func keep(
        _ queue: Topology.Queue, _ state: TopologyPlace.State, _ topology: Topology, _ isPlan: Bool,
        _ application: inout Application
    ) throws(AMQPError) {
        var text = Self.isThere()
        if let differences = state.differences {
            let names = differences.map(\.argument).joined(separator: ", ")
            text =
                names.isEmpty
                ? "as it should be" : "is there, with differences, which 'worker topology check' explains: \(names)"
        }
        let isBound = self.view?.exchanges[topology.exchange]?.routes(queue.name, to: queue.name)
        switch (isBound, isPlan) {
        case (true, _): break
        case (_, true): text += "; is bound to \(topology.exchange) where it is not"
        case (_, false):
            if let refusal = try self.bind(queue, topology) {
                guard isBound == nil else {
                    return application.fail(
                        queue, "cannot be bound to \(topology.exchange): \(refusal.detail)", refusal, binding: topology)
                }
                text += "; whether it is bound to \(topology.exchange) is not known: \(refusal.detail)"
            } else if isBound == false {
                return application.add(.made, queue, "the binding to \(topology.exchange)")
            }
        }
        application.add(.left, queue, text)
    }

    private func make(_ queue: Topology.Queue, _ topology: Topology, _ isPlan: Bool, _ application: inout Application)
        throws(AMQPError)
    {
        guard !isPlan else { return application.add(.made, queue, queue.purpose) }
        if let refusal = try self.refusal({ channel throws(AMQPError) in
            try self.socket.declareQueue(queue.name, arguments: queue.arguments, isPassive: false, on: channel)
        }) {
            if refusal.code == .refused(403) {
                application.missing.configure.insert(queue.name)
                // Dead-lettering from one queue into another requires read and write permission.
                if queue.arguments["x-dead-letter-exchange"] != nil { application.missing.write.insert("amq.default") }
            }
            return application.fail(queue, refusal.detail, refusal, binding: topology)
        }
        if let refusal = try self.bind(queue, topology) {
            return application.fail(
                queue, "made, but not bound to \(topology.exchange): \(refusal.detail)", refusal, binding: topology)
        }
        application.add(.made, queue, queue.purpose)
    }

    private func bind(_ queue: Topology.Queue, _ topology: Topology) throws(AMQPError) -> AMQPError? {
        try self.refusal { channel throws(AMQPError) in
            try self.socket.bindQueue(queue.name, to: topology.exchange, key: queue.name, on: channel)
        }
    }

    /// How to grant the permissions that failed steps require; `nil`: none missing.
    package func help(for application: Application) -> String? {
        guard application.missing != Permissions() else { return nil }
        return """
            ACCESS_REFUSED: the user '\(self.options.username)' lacks permissions. Either apply as a user who has them, or grant them beside those it
            has, which this command replaces ('rabbitmqctl list_user_permissions \(self.options.username)' shows them):
              \(application.missing.command(self.options))
            """
    }
}

extension TopologyAdministration.Application {
    fileprivate mutating func add(_ kind: TopologyStep.Kind, _ queue: Topology.Queue, _ text: String) {
        self.add(kind, "queue \(queue.name)", text)
    }

    fileprivate mutating func fail(
        _ queue: Topology.Queue, _ text: String, _ refusal: AMQPError, binding topology: Topology
    ) {
        self.add(.failed, queue, text)
        guard refusal.code == .refused(403) else { return }
        self.missing.write.insert(queue.name)
        self.missing.read.formUnion([queue.name, topology.exchange])
    }
}
