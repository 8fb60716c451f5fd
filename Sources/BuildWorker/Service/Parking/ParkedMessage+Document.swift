extension ParkedMessage {
    /// All there is to see, without secrets: JSON for people and tools. A body that is not JSON is shown by its size and hash.
    public var document: JSONValue {
        var members: [JSONValue.Member] = [
            .init("id", .string(self.id)), .init("reason", .string(self.reason)), .init("detail", .string(self.detail)),
            .init("from", self.origin.map { .string($0) } ?? .null), .init("parkedAt", .string(self.parkedAt)),
            .init("headers", AMQPValue.table(self.properties.headers).shown), .init("bytes", .number(String(self.body.count))),
            .init("hash", .string(Fingerprint.of(self.body))),
        ]
        do throws(JSONError) {
            let body = try JSONValue(parsing: self.body)
            // Text in text may hold anything.
            if case .string = body { members.append(.init("body", .string("text; --raw prints it"))) } else { members.append(.init("body", body.hidingTokens)) }
        } catch { members.append(.init("body", .string("not JSON (\(error)); --raw prints it"))) }
        return .object(members)
    }
}

extension JSONValue {
    /// Values of members whose name says that they are secret are replaced.
    fileprivate var hidingTokens: JSONValue {
        switch self {
        case .object(let members):
            .object(
                members.map { member in
                    let name = member.name.lowercased()
                    let isSecret = ["token", "password", "secret", "jwt"].contains { name.contains($0) }
                    return .init(member.name, isSecret ? .string("<redacted>") : member.value.hidingTokens)
                })
        case .array(let values): .array(values.map(\.hidingTokens))
        case .string(let text): .string(text.safeToShow(limit: 2000))
        case .number, .bool, .null: self
        }
    }
}

extension AMQPValue {
    /// As JSON; what JSON has no word for is named.
    fileprivate var shown: JSONValue {
        switch self {
        case .void: .null
        case .bool(let value): .bool(value)
        case .table(let table): .object(table.fields.map { .init($0.name, $0.value.shown) })
        case .array(let values): .array(values.map(\.shown))
        case .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .timestamp: .number(String(self.integer ?? 0))
        case .float(let value): .string(String(value))
        case .double(let value): .string(String(value))
        case .decimal(let scale, let value): .string("\(value)e-\(scale)")
        case .string(let bytes), .bytes(let bytes): .string(self.text?.safeToShow(limit: 2000) ?? "\(bytes.count) bytes that are not text")
        }
    }
}
