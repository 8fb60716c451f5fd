/// A finding of `worker topology check` about one object.
package struct TopologyFinding: Hashable, Sendable {
    package enum Severity: String, Sendable { case ok, warning, problem }

    package let severity: Severity
    package let subject: String
    package let text: String
    /// Queues are configured differently than expected, possibly on purpose.
    package var isDrift = true
}

extension [TopologyFinding] {
    fileprivate mutating func add(
        _ severity: TopologyFinding.Severity, _ subject: String, _ text: String, isDrift: Bool = true
    ) {
        self.append(TopologyFinding(severity: severity, subject: subject, text: text, isDrift: isDrift))
    }
}

/// One of the worker's queues and its actual state.
package struct TopologyPlace: Sendable {
    struct State: Sendable {
        let ready: Int
        let consumers: Int
        /// `nil`: not reported by the broker.
        let differences: [ArgumentDifference]?
    }

    let queue: Topology.Queue
    /// `nil`: the queue does not exist.
    let state: State?
    /// The queue used instead, because the work queue dead-letters to it.
    fileprivate(set) var standIn: (queue: Topology.Queue, state: State)?

    package var wantedName: String { self.queue.name }
    /// The name of the queue that actually receives the messages.
    package var name: String { self.standIn?.queue.name ?? self.queue.name }
    /// Messages ready; `nil`: no queue. If there are two, their sum: the worker postpones into its own.
    package var ready: Int? { self.standIn.map { $0.state.ready + (self.state?.ready ?? 0) } ?? self.state?.ready }
    package var consumers: Int? { (self.standIn?.state ?? self.state)?.consumers }
    /// The work queue dead-letters elsewhere, and the worker can postpone into that queue.
    var isNeedless: Bool {
        self.state == nil && self.standIn?.queue.name == self.queue.waitsFor.map(Topology.conventionalWaitQueue(of:))
    }
}

extension TopologyAdministration {
    /// Reads the state of all queues. Changes nothing.
    package func survey() throws(AMQPError) -> [TopologyPlace] { try self.survey(self.topology) }

    func survey(_ topology: Topology) throws(AMQPError) -> [TopologyPlace] {
        var places: [TopologyPlace] = []
        for queue in topology.queues {
            var place = TopologyPlace(queue: queue, state: try self.look(at: queue))
            if let work = places.first(where: { $0.queue.name == queue.waitsFor }), let state = work.state {
                // If the broker does not report it, assume the original's name.
                let guess = place.state == nil ? Topology.conventionalWaitQueue(of: work.queue.name) : queue.name
                let name =
                    state.differences.map {
                        $0.first { $0.argument == "x-dead-letter-routing-key" }?.current?.text ?? queue.name
                    } ?? guess
                if name != queue.name, let state = try self.look(at: queue.called(name)) {
                    place.standIn = (queue.called(name), state)
                }
            }
            places.append(place)
        }
        return places
    }

    private func look(at queue: Topology.Queue) throws(AMQPError) -> TopologyPlace.State? {
        guard let counts = try self.counts(of: queue.name) else { return nil }
        return TopologyPlace.State(
            ready: counts.ready, consumers: counts.consumers, differences: try self.differences(of: queue))
    }

    /// Compares actual and expected topology. Changes nothing.
    package func check(_ places: [TopologyPlace]) throws(AMQPError) -> [TopologyFinding] {
        var findings: [TopologyFinding] = []
        try self.check(self.topology.exchange, "direct", withoutIt: "builds cannot be published", &findings)
        if let exchange = self.topology.eventsExchange {
            try self.check(
                exchange, "topic", withoutIt: "build events wait in the spool and are dead in the end", &findings)
        }
        for place in places {
            self.check(place, &findings)
            self.checkDeadLetters(place, &findings)
        }
        self.checkRoutes(places, &findings)
        if let view {
            let text = view.problem.map { "\($0). Policies and bindings are not seen" } ?? "shows policies and bindings"
            findings.add(
                view.problem != nil && view.isConfigured ? .warning : .ok, "management API \(view.address)", text)
        }
        return findings
    }

    private func check(
        _ exchange: String, _ kind: String, withoutIt: String, _ findings: inout [TopologyFinding]
    ) throws(AMQPError) {
        switch try self.look(atExchange: exchange, kind) {
        case .missing(let detail): findings.add(.problem, "exchange \(exchange)", "\(detail): \(withoutIt)")
        case .usable(let text): findings.add(.ok, "exchange \(exchange)", text)
        case .other(let text): findings.add(.problem, "exchange \(exchange)", text)
        }
    }

    private func check(_ place: TopologyPlace, _ findings: inout [TopologyFinding]) {
        guard let standIn = place.standIn else { return self.check(place.queue, place.state, &findings) }
        let name = standIn.queue.name
        let text =
            place.state == nil ? "missing: \(name) is in its place" : "is there, but rejected messages wait in \(name)"
        findings.add(.warning, "queue \(place.queue.name)", text)
        self.check(standIn.queue, standIn.state, &findings)
    }

    private func check(_ queue: Topology.Queue, _ state: TopologyPlace.State?, _ findings: inout [TopologyFinding]) {
        let subject = "queue \(queue.name)"
        guard let state else {
            return findings.add(
                queue.name == self.options.queue ? .problem : .warning, subject, "missing: \(queue.withoutIt)")
        }
        guard let differences = state.differences else {
            // A worker's user needs no configure permission and should not have it.
            return findings.add(.ok, subject, "\(Self.isThere(", \(state.ready) ready"))")
        }
        if differences.isEmpty { findings.add(.ok, subject, "as it should be, \(state.ready) ready") }
        for difference in differences { findings.add(difference.severity, subject, difference.text) }
    }

    static func isThere(_ ready: String = "") -> String {
        "is there\(ready); its arguments are shown only to users with configure permission"
    }

    /// Included in `messages` but not in `messages_ready`, and never delivered: only this count shows them.
    private func checkDeadLetters(_ place: TopologyPlace, _ findings: inout [TopologyFinding]) {
        for name in Set([place.wantedName, place.name]).sorted() {
            guard let count = self.view?.queues[name]?.undelivered, count > 0 else { continue }
            let text =
                "keeps \(count) dead letters that no queue has taken. Where the number stays, look for"
                + " 'Cannot forward any dead-letter messages' in RabbitMQ's log: the next queue is missing, or a client's x-death header makes"
                + " RabbitMQ see a cycle. They are lost when the queue is deleted"
            findings.add(.warning, "queue \(name)", text, isDrift: false)
        }
    }

    /// Routes between the queues, which only the management API shows.
    private func checkRoutes(_ places: [TopologyPlace], _ findings: inout [TopologyFinding]) {
        let name = self.topology.exchange
        guard let exchange = self.view?.exchanges[name], let bindings = exchange.bindings else { return }
        var isWhole = true
        let names = Set(places.map(\.name))
        for place in places {
            let queue = place.name
            let subject = "queue \(queue)"
            let isBound = exchange.routes(queue, to: queue) != false
            isWhole = isWhole && (place.state ?? place.standIn?.state) != nil && isBound
            guard place.ready != nil else { continue }
            if !isBound {
                let isWork = [self.options.queue, self.options.retryQueue].contains(queue)
                let cost = "what the worker and others publish to it gets nowhere"
                findings.add(
                    isWork ? .problem : .warning, subject,
                    "is not bound to exchange \(name) with the key \(queue): \(cost)")
            }
            let others = names.filter { $0 != queue && exchange.routes($0, to: queue) == true }.sorted()
            if !others.isEmpty {
                let keys = (bindings[queue] ?? []).sorted().joined(separator: ", ")
                findings.add(
                    .problem, subject,
                    "also gets what is meant for \(others.joined(separator: ", ")): it is bound with \(keys)")
            }
            let arguments = self.view?.queues[queue]?.arguments
            let key = arguments?["x-dead-letter-routing-key"]?.text ?? queue
            if arguments?["x-dead-letter-exchange"]?.text == name,
                !bindings.keys.contains(where: { exchange.routes(key, to: $0) == true })
            {
                let cost = "with which no queue is bound: rejected and expired messages are lost"
                findings.add(.problem, subject, "dead-letters to exchange \(name) with the key \(key), \(cost)")
            }
        }
        if let alternate = exchange.alternate {
            let danger =
                ": the worker does not learn that a queue is missing or not bound, and what it publishes to it is lost"
            let text = "sends what no queue takes to the exchange \(alternate)"
            findings.add(isWhole ? .ok : .problem, "exchange \(name)", isWhole ? text : text + danger)
        } else if let policy = exchange.unreadPolicy {
            let text =
                "its policy '\(policy)' may set an alternate exchange: only a user with the tag policymaker sees that"
            findings.add(.ok, "exchange \(name)", text)
        }
    }
}
