internal import Clients
internal import RabbitMQ
internal import Support

extension ValueFormat where Value == [(name: String, value: String)] {
    /// A JSON object of scalars, converted to strings; member order is kept.
    static func map(values: KubernetesName? = nil, reserved: [String: String] = [:]) -> ValueFormat {
        .json(
            #"must be a JSON object of names and texts, for example {"name":"value"}"#,
            render: { .object($0.map { JSONValue.Member($0.name, .string($0.value)) }) },
            parse: { document, _, wrong in
                guard let members = document.members else { return nil }
                var pairs: Value = []
                for member in members {
                    let name = member.name.quoted
                    if let reason = reserved[member.name] {
                        wrong.append(reason)
                    } else if !KubernetesName.qualified.matches(member.name) {
                        wrong.append("\(name) must be a name: \(KubernetesName.qualified.rule)")
                    } else if pairs.contains(where: { $0.name == member.name }) {
                        wrong.append("\(name) must be there once")
                    }
                    guard let text = member.value.scalarText else {
                        wrong.append("\(name) must be a text, a number or a boolean")
                        continue
                    }
                    if let values, !values.matches(text) { wrong.append("\(name) must be \(values.rule)") }
                    pairs.append((member.name, text))
                }
                return pairs
            })
    }
}

extension ValueFormat where Value == JSONValue? {
    /// A pod's `lifecycle`, passed through unchanged. `{}`: none.
    static var lifecycleHooks: ValueFormat {
        .json("must be a JSON object with postStart, preStop or both", render: { $0 ?? .null }) { document, _, _ in
            guard let members = document.members,
                members.allSatisfy({ ["postStart", "preStop"].contains($0.name) && $0.value.members != nil })
            else { return .none }
            return .some(members.isEmpty ? .none : .some(document))
        }
    }
}

struct ConnectOptions: Sendable, Hashable {
    var heartbeat: Duration
    var reconnectLimit: Duration
}

extension RabbitMQOptions {
    /// ``heartbeat`` and ``reconnectLimit``, which share one variable.
    var connectOptions: ConnectOptions {
        get { ConnectOptions(heartbeat: self.heartbeat, reconnectLimit: self.reconnectLimit) }
        set { (self.heartbeat, self.reconnectLimit) = (newValue.heartbeat, newValue.reconnectLimit) }
    }
}

extension ValueFormat where Value == ConnectOptions {
    /// Members that are missing keep the value of the layer below.
    static var connectOptions: ValueFormat {
        let (heartbeat, reconnect) = ("heartbeatIntervalInSeconds", "reconnectTimeInSeconds")
        return .json(
            #"must be a JSON object like {"\#(heartbeat)":20,"\#(reconnect)":30}"#,
            render: { options in
                [(heartbeat, options.heartbeat), (reconnect, options.reconnectLimit)].reduce(into: [:]) {
                    object, option in
                    object[option.0] = .number(option.1.count(of: .seconds).plainText)
                }
            },
            parse: { document, below, wrong in
                guard let members = document.members else { return nil }
                var options = below
                // `json` is for the original's client library.
                for member in members where member.name != "json" {
                    let name = member.name
                    guard [heartbeat, reconnect].contains(name) else {
                        wrong.append("\(name.quoted) is not known: there are \(heartbeat) and \(reconnect)")
                        continue
                    }
                    let seconds = member.value.integer ?? member.value.string.flatMap { Int($0) }
                    if let seconds, (1...3600).contains(seconds) {
                        let option: WritableKeyPath<ConnectOptions, Duration> =
                            name == reconnect ? \.reconnectLimit : \.heartbeat
                        options[keyPath: option] = .seconds(seconds)
                    } else if name == heartbeat, seconds == 0 {
                        let reason = "0 would switch heartbeats off, and a dead connection would not be noticed"
                        wrong.append("\(name) must be from 1 to 3600: \(reason)")
                    } else {
                        wrong.append("\(name) must be a whole number from 1 to 3600")
                    }
                }
                return options
            })
    }
}

// MARK: Arrays of objects

/// One field of the objects in an array: format and target.
private struct ItemField<Item: Sendable>: Sendable {
    let name: String
    var isRequired = true
    /// - Returns: what is wrong with the value, or `nil`.
    let read: @Sendable (JSONValue, inout Item) -> String?
    let write: @Sendable (Item) -> JSONValue?

    static func text(
        _ name: String, _ property: any WritableKeyPath<Item, String> & Sendable, _ rule: KubernetesName,
        not reserved: Set<String> = []
    ) -> ItemField {
        ItemField(
            name: name,
            read: { value, item in
                guard let text = value.scalarText, rule.matches(text) else { return "must be \(rule.rule)" }
                item[keyPath: property] = text
                return reserved.contains(text)
                    ? "must not be \(text): every build's pod has a volume of that name already" : nil
            }, write: { .string($0[keyPath: property]) })
    }

    static func word(_ name: String, _ property: any WritableKeyPath<Item, String?> & Sendable, _ words: [String])
        -> ItemField
    {
        ItemField(
            name: name, isRequired: false,
            read: { value, item in
                guard let text = value.string, text.isEmpty || words.contains(text) else {
                    return "must be one of \(words.joined(separator: ", "))"
                }
                item[keyPath: property] = text.isEmpty ? nil : text
                return nil
            }, write: { $0[keyPath: property].map(JSONValue.string) })
    }

    static func flag(_ name: String, _ property: any WritableKeyPath<Item, Bool?> & Sendable) -> ItemField {
        ItemField(
            name: name, isRequired: false,
            read: { value, item in
                guard let flag = value.scalarText.flatMap(Bool.init) else { return "must be true or false" }
                item[keyPath: property] = flag
                return nil
            }, write: { $0[keyPath: property].map(JSONValue.bool) })
    }
}

extension ValueFormat {
    /// A JSON array of objects. `{}` and `[{}]`, which operators write for "none", are empty.
    fileprivate static func list<Item>(like example: String, of empty: Item, _ fields: [ItemField<Item>]) -> ValueFormat
    where Value == [Item] {
        .json(
            "must be a JSON array like [\(example)]",
            render: { items in
                .array(
                    items.map { item in
                        .object(fields.compactMap { field in field.write(item).map { .init(field.name, $0) } })
                    })
            },
            parse: { document, _, wrong in
                guard let elements = document == [:] ? [] : document.array else { return nil }
                var items: [Item] = []
                for (index, element) in elements.enumerated() where element != [:] {
                    guard let members = element.members else {
                        wrong.append("[\(index)] must be an object like \(example)")
                        continue
                    }
                    var item = empty
                    func refuse(_ field: String, _ problem: String) { wrong.append("[\(index)].\(field) \(problem)") }
                    for field in fields {
                        if let value = element[field.name], !value.isNull {
                            if let problem = field.read(value, &item) { refuse(field.name, problem) }
                        } else if field.isRequired {
                            refuse(field.name, "is missing")
                        }
                    }
                    let names = fields.map(\.name)
                    for member in members where !names.contains(member.name) {
                        refuse(member.name, "is not known: there are \(names.joined(separator: ", "))")
                    }
                    items.append(item)
                }
                return items
            })
    }
}

extension ValueFormat where Value == [KubernetesOptions.VolumeMount] {
    static var volumeMounts: ValueFormat {
        let types = ["DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"]
        return .list(
            like: #"{"name":"kvm","mountPath":"/dev/kvm","path":"/dev/kvm","type":"CharDevice","readOnly":true}"#,
            of: .init(),
            [
                .text("name", \.name, .label, not: PodPlan.reservedVolumeNames),
                .text("mountPath", \.mountPath, .absolutePath),
                .text("path", \.path, .absolutePath), .word("type", \.type, types), .flag("readOnly", \.readOnly),
            ])
    }
}

extension ValueFormat where Value == [KubernetesOptions.SecretVariable] {
    static var secretVariables: ValueFormat {
        .list(
            like: #"{"secret_env":"NPM_TOKEN","secret_name":"registry","secret_key":"npm"}"#, of: .init(),
            [
                .text("secret_env", \.variable, .variable), .text("secret_name", \.secretName, .subdomain),
                .text("secret_key", \.key, .secretKey),
            ])
    }
}

extension ValueFormat where Value == [KubernetesOptions.SecretFiles] {
    static var secretFiles: ValueFormat {
        .list(
            like: #"{"name":"certs","mountPath":"/etc/certs","secretName":"build-certs","readOnly":true}"#, of: .init(),
            [
                .text("name", \.name, .label, not: PodPlan.reservedVolumeNames),
                .text("mountPath", \.mountPath, .absolutePath),
                .text("secretName", \.secretName, .subdomain), .flag("readOnly", \.readOnly),
            ])
    }
}
