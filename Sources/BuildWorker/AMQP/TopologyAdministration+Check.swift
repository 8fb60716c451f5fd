/// What `worker topology check` finds about one object.
public struct TopologyFinding: Hashable, Sendable {
    public enum Severity: String, Sendable { case ok, warning, problem }

    public let severity: Severity
    public let subject: String
    public let text: String
    /// Queues are set up otherwise than they should be, which may be meant.
    public var isDrift = true
}

/// One of the worker's queues, as the broker has it.
public struct TopologyPlace: Sendable {
    struct State: Sendable {
        let ready: Int
        let consumers: Int
        /// `nil`: the broker does not tell.
        let differences: [ArgumentDifference]?
    }

    let queue: Topology.Queue
    /// `nil`: there is no such queue.
    let state: State?
    /// The queue that does its work here, because the work queue dead-letters to it.
    fileprivate(set) var standIn: (queue: Topology.Queue, state: State)?

    /// As the worker's names have it.
    public var wantedName: String { self.queue.name }
    /// Of the queue in which messages really are.
    public var name: String { self.standIn?.queue.name ?? self.queue.name }
    /// Messages ready; `nil`: there is no queue. The worker postpones into its own where there are two.
    public var ready: Int? { self.standIn.map { $0.state.ready + (self.state?.ready ?? 0) } ?? self.state?.ready }
    public var consumers: Int? { (self.standIn?.state ?? self.state)?.consumers }
    /// The work queue dead-letters elsewhere, and the worker knows that place to postpone into.
    var isNeedless: Bool { self.state == nil && self.standIn?.queue.name == self.queue.waitsFor.map(Topology.conventionalWaitQueue(of:)) }
}

extension Topology {
    /// As administrators of the original name it.
    static func conventionalWaitQueue(of queue: String) -> String { "\(queue)dlr" }
}

extension TopologyAdministration {
    /// Looks at every queue. Changes nothing.
    public func survey() throws(AMQPError) -> [TopologyPlace] { try self.survey(self.topology) }

    func survey(_ topology: Topology) throws(AMQPError) -> [TopologyPlace] {
        var places: [TopologyPlace] = []
        for queue in topology.queues {
            var place = TopologyPlace(queue: queue, state: try self.look(at: queue))
            if let work = places.first(where: { $0.queue.name == queue.waitsFor }), let state = work.state {
                // Where the broker does not tell, the original's name for it is a good guess.
                let target = state.differences.map { $0.first { $0.argument == "x-dead-letter-routing-key" }?.current?.text ?? queue.name }
                let name = target ?? (place.state == nil ? Topology.conventionalWaitQueue(of: work.queue.name) : queue.name)
                if name != queue.name, let state = try self.look(at: queue.called(name)) { place.standIn = (queue.called(name), state) }
            }
            places.append(place)
        }
        return places
    }

    private func look(at queue: Topology.Queue) throws(AMQPError) -> TopologyPlace.State? {
        guard let counts = try self.counts(of: queue.name) else { return nil }
        return TopologyPlace.State(ready: counts.ready, consumers: counts.consumers, differences: try self.differences(of: queue))
    }

    /// Compares what is there with what should be. Changes nothing.
    public func check(_ places: [TopologyPlace]) throws(AMQPError) -> [TopologyFinding] {
        var findings = [try self.checkExchange(self.topology.exchange, "direct", withoutIt: "nobody can publish builds")]
        if let exchange = self.topology.eventsExchange {
            findings.append(try self.checkExchange(exchange, "topic", withoutIt: "build events wait in the spool and are dead in the end"))
        }
        for place in places { findings += self.findings(place) + self.findingsOfDeadLetters(place) }
        findings += self.findingsOfRoutes(places)
        if let view {
            let severity: TopologyFinding.Severity = view.problem != nil && view.isConfigured ? .warning : .ok
            let text = view.problem.map { "\($0). Policies and bindings are not seen" } ?? "shows policies and bindings"
            findings.append(TopologyFinding(severity: severity, subject: "management API \(view.address)", text: text))
        }
        return findings
    }

    private func checkExchange(_ exchange: String, _ kind: String, withoutIt: String) throws(AMQPError) -> TopologyFinding {
        let (severity, text): (TopologyFinding.Severity, String) =
            switch try self.look(atExchange: exchange, kind) {
            case .missing(let detail): (.problem, "\(detail): \(withoutIt)")
            case .usable(let text): (.ok, text)
            case .other(let text): (.problem, text)
            }
        return TopologyFinding(severity: severity, subject: "exchange \(exchange)", text: text)
    }

    enum ExchangeState {
        case missing(String)
        case usable(String)
        case other(String)
    }

    /// Of an exchange that is there the kind is asked by declaring it, which changes nothing and may be refused.
    func look(atExchange exchange: String, _ wanted: String) throws(AMQPError) -> ExchangeState {
        var kind = self.view?.exchanges[exchange]?.kind
        do throws(AMQPError) {
            try self.onFreshChannel { channel throws(AMQPError) in try self.socket.declareExchange(exchange, kind: wanted, isPassive: true, on: channel) }
        } catch {
            guard case .refused = error.code else { throw error }
            return .missing(error.detail)
        }
        if kind == nil {
            do throws(AMQPError) {
                try self.onFreshChannel { channel throws(AMQPError) in try self.socket.declareExchange(exchange, kind: wanted, isPassive: false, on: channel) }
                kind = wanted
            } catch {
                guard case .refused = error.code else { throw error }
                kind = error.detail.firstMatch(of: /inequivalent arg 'type'.*but current is '([^']*)'/).map { String($0.output.1) }
            }
        }
        switch kind {
        case nil, wanted: return .usable("exists")
        case "topic" where wanted == "direct": return .usable("is a topic exchange, not a direct one: that works as well, for every queue is bound by its own name")
        case let kind?: return .other("is a \(kind) exchange, not a \(wanted) one: it does not send a message to the queue that the message names")
        }
    }

    private func findings(_ place: TopologyPlace) -> [TopologyFinding] {
        guard let standIn = place.standIn else { return self.findings(place.queue, place.state) }
        let text = place.state == nil ? "missing: \(standIn.queue.name) is in its place" : "is there, but rejected messages wait in \(standIn.queue.name)"
        return [TopologyFinding(severity: .warning, subject: "queue \(place.queue.name)", text: text)] + self.findings(standIn.queue, standIn.state)
    }

    private func findings(_ queue: Topology.Queue, _ state: TopologyPlace.State?) -> [TopologyFinding] {
        func finding(_ severity: TopologyFinding.Severity, _ text: String) -> TopologyFinding {
            TopologyFinding(severity: severity, subject: "queue \(queue.name)", text: text)
        }
        guard let state else { return [finding(queue.name == self.options.queue ? .problem : .warning, "missing: \(queue.withoutIt)")] }
        guard let differences = state.differences else {
            // A worker's user needs no right to configure, and should have none.
            return [finding(.ok, "is there, \(state.ready) ready; how it is set up is told to users only who may configure it")]
        }
        guard !differences.isEmpty else { return [finding(.ok, "as it should be, \(state.ready) ready")] }
        return differences.map { finding($0.severity, $0.text) }
    }

    /// `messages` of a queue has them, `messages_ready` has not, and nobody gets them: only this count tells.
    private func findingsOfDeadLetters(_ place: TopologyPlace) -> [TopologyFinding] {
        Set([place.wantedName, place.name]).sorted().compactMap { name in
            guard let count = self.view?.queues[name]?.undelivered, count > 0 else { return nil }
            let text = "keeps \(count) dead letters that no queue has taken. Where the number stays, look for 'Cannot forward any dead-letter messages' in RabbitMQ's log:"
                + " the next queue is missing, or a client's x-death header makes RabbitMQ see a cycle. They are lost when the queue is deleted"
            return TopologyFinding(severity: .warning, subject: "queue \(name)", text: text, isDrift: false)
        }
    }

    /// What only the management API shows of the ways between the queues.
    private func findingsOfRoutes(_ places: [TopologyPlace]) -> [TopologyFinding] {
        guard let exchange = self.view?.exchanges[self.topology.exchange], let bindings = exchange.bindings else { return [] }
        var findings: [TopologyFinding] = []
        var isWhole = true
        let names = Set(places.map(\.name))
        for place in places {
            let queue = place.queue.called(place.name)
            let subject = "queue \(queue.name)"
            isWhole = isWhole && (place.state ?? place.standIn?.state) != nil && exchange.routes(queue.name, to: queue.name) != false
            guard place.ready != nil else { continue }
            if exchange.routes(queue.name, to: queue.name) == false {
                let isWork = [self.options.queue, self.options.retryQueue].contains(queue.name)
                let text = "is not bound to exchange \(self.topology.exchange) with the key \(queue.name): what the worker and others publish to it gets nowhere"
                findings.append(TopologyFinding(severity: isWork ? .problem : .warning, subject: subject, text: text))
            }
            let others = names.filter { $0 != queue.name && exchange.routes($0, to: queue.name) == true }.sorted()
            if !others.isEmpty {
                let keys = (bindings[queue.name] ?? []).sorted().joined(separator: ", ")
                let text = "also gets what is meant for \(others.joined(separator: ", ")): it is bound with \(keys)"
                findings.append(TopologyFinding(severity: .problem, subject: subject, text: text))
            }
            let arguments = self.view?.queues[queue.name]?.arguments
            if arguments?["x-dead-letter-exchange"]?.text == self.topology.exchange, let key = arguments?["x-dead-letter-routing-key"]?.text ?? Optional(queue.name),
                !bindings.keys.contains(where: { exchange.routes(key, to: $0) == true })
            {
                let text = "dead-letters to exchange \(self.topology.exchange) with the key \(key), with which no queue is bound: rejected and expired messages are lost"
                findings.append(TopologyFinding(severity: .problem, subject: subject, text: text))
            }
        }
        let subject = "exchange \(self.topology.exchange)"
        if let alternate = exchange.alternate {
            let text = "sends what no queue takes to the exchange \(alternate)"
            let danger = ": the worker does not learn that a queue is missing or not bound, and what it publishes to it is lost"
            findings.append(TopologyFinding(severity: isWhole ? .ok : .problem, subject: subject, text: isWhole ? text : text + danger))
        } else if let policy = exchange.unreadPolicy {
            let text = "its policy '\(policy)' may set an alternate exchange: only a user with the tag policymaker sees that"
            findings.append(TopologyFinding(severity: .ok, subject: subject, text: text))
        }
        return findings
    }
}
