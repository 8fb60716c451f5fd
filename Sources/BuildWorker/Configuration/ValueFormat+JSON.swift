extension RawValue {
    /// The document in it; a text is parsed. White space alone is nothing.
    func json(_ expectation: String) throws(Mismatch) -> JSONValue {
        switch self {
        case .document(let document): return document
        case .text(let text):
            do throws(JSONError) { return try JSONValue(parsing: text) } catch { throw Mismatch("\(expectation); it is \(error)") }
        }
    }

    /// A JSON array of nothing but strings.
    func strings(_ expectation: String) throws(Mismatch) -> [String] {
        guard let elements = try self.json(expectation).array else { throw Mismatch(expectation) }
        let strings = elements.compactMap(\.string)
        guard strings.count == elements.count else { throw Mismatch(expectation) }
        return strings
    }
}

extension ValueFormat where Value == [(name: String, value: String)] {
    /// A JSON object of scalars, which become text; the members keep their order.
    static func map(values: KubernetesName? = nil, reserved: [String: String] = [:]) -> ValueFormat {
        ValueFormat(
            .json,
            parse: { raw, _ throws(Mismatch) in
                let expectation = "must be a JSON object of names and texts, for example {\"name\":\"value\"}"
                guard let members = try raw.json(expectation).members else { throw Mismatch(expectation) }
                var wrong: [String] = []
                var pairs: [(name: String, value: String)] = []
                for member in members {
                    if let reason = reserved[member.name] {
                        wrong.append(reason)
                    } else if !KubernetesName.qualified.matches(member.name) {
                        wrong.append("\(member.name.quoted) must be a name: \(KubernetesName.qualified.rule)")
                    } else if pairs.contains(where: { $0.name == member.name }) {
                        wrong.append("\(member.name.quoted) must be there once")
                    }
                    guard let text = member.value.scalarText else {
                        wrong.append("\(member.name.quoted) must be a text, a number or a boolean")
                        continue
                    }
                    if let values, !values.matches(text) { wrong.append("\(member.name.quoted) must be \(values.rule)") }
                    pairs.append((member.name, text))
                }
                guard wrong.isEmpty else { throw Mismatch(all: wrong) }
                return pairs
            }, render: { .object($0.map { JSONValue.Member($0.name, .string($0.value)) }) })
    }
}

extension ValueFormat where Value == JSONValue? {
    /// A pod's `lifecycle`, passed on as it is. `{}` is none.
    static var lifecycleHooks: ValueFormat {
        ValueFormat(
            .json,
            parse: { raw, _ throws(Mismatch) in
                let expectation = "must be a JSON object with postStart, preStop or both"
                let document = try raw.json(expectation)
                guard let members = document.members, members.allSatisfy({ ["postStart", "preStop"].contains($0.name) && $0.value.members != nil })
                else { throw Mismatch(expectation) }
                return members.isEmpty ? nil : document
            }, render: { $0 ?? .null })
    }
}

extension ValueFormat where Value == [String] {
    /// A JSON array of regular expressions, for images' names.
    static var patterns: ValueFormat {
        ValueFormat(
            .json,
            parse: { raw, _ throws(Mismatch) in
                let expectation = "must be a JSON array of regular expressions, for example [\"rhel6\"]"
                let patterns = try raw.strings(expectation)
                // An empty one would exclude every image.
                let wrong = patterns.filter { $0.isEmpty || !ImagePattern.isValid($0) }
                guard wrong.isEmpty else { throw Mismatch(all: wrong.map { "\($0.quoted) must be a regular expression" }) }
                return patterns
            }, render: { .array($0.map { .string($0) }) })
    }
}

/// The two settings of `rabbitmq.connectOptions`.
struct ConnectOptions: Sendable, Hashable {
    var heartbeat: Duration
    var reconnectLimit: Duration
}

extension RabbitMQOptions {
    /// ``heartbeat`` and ``reconnectLimit``, which one variable sets.
    var connectOptions: ConnectOptions {
        get { ConnectOptions(heartbeat: self.heartbeat, reconnectLimit: self.reconnectLimit) }
        set { (self.heartbeat, self.reconnectLimit) = (newValue.heartbeat, newValue.reconnectLimit) }
    }
}

extension ValueFormat where Value == ConnectOptions {
    /// What the object does not name stays as the layer below had it.
    static var connectOptions: ValueFormat {
        ValueFormat(
            .json,
            parse: { raw, current throws(Mismatch) in
                let expectation = "must be a JSON object like {\"heartbeatIntervalInSeconds\":20,\"reconnectTimeInSeconds\":30}"
                guard let members = try raw.json(expectation).members else { throw Mismatch(expectation) }
                var options = current
                var wrong: [String] = []
                for (name, value) in members.map({ ($0.name, $0.value) }) {
                    let seconds = value.integer ?? value.string.flatMap { Int($0) }
                    switch name {
                    case "json": break  // for the original's client library
                    case "heartbeatIntervalInSeconds" where seconds == 0:
                        wrong.append("\(name) must be from 1 to 3600: 0 would switch heartbeats off, and a dead connection would not be noticed")
                    case "heartbeatIntervalInSeconds", "reconnectTimeInSeconds":
                        guard let seconds, (1...3600).contains(seconds) else {
                            wrong.append("\(name) must be a whole number from 1 to 3600")
                            continue
                        }
                        let property = name == "reconnectTimeInSeconds" ? \ConnectOptions.reconnectLimit : \.heartbeat
                        options[keyPath: property] = .seconds(seconds)
                    default: wrong.append("\(name.quoted) is not known: there are heartbeatIntervalInSeconds and reconnectTimeInSeconds")
                    }
                }
                guard wrong.isEmpty else { throw Mismatch(all: wrong) }
                return options
            },
            render: { options in
                func seconds(_ duration: Duration) -> JSONValue { .number(duration.count(of: .seconds).plainText) }
                return ["heartbeatIntervalInSeconds": seconds(options.heartbeat), "reconnectTimeInSeconds": seconds(options.reconnectLimit)]
            })
    }
}

extension String {
    /// As JSON has it, cut if long.
    var quoted: String { RawValue.text(self).shown }
}
