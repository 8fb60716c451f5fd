internal import RabbitMQ
package import Support

extension ParkedMessage {
    /// The displayable parts (``ShownMembers``) as JSON. A body that is not JSON is shown by size and hash.
    package var document: JSONValue {
        var members: [JSONValue.Member] = [
            .init("id", .string(self.id)), .init("reason", .string(self.reason)), .init("detail", .string(self.detail)),
            .init("from", self.origin.map { .string($0) } ?? .null), .init("parkedAt", .string(self.parkedAt)),
            .init("headers", AMQPValue.table(self.properties.headers).shown.redacted(.headers)),
            .init("bytes", .number(String(self.body.count))),
            .init("hash", .string(Fingerprint.of(self.body))),
        ]
        do throws(JSONError) {
            members.append(.init("body", try JSONValue(parsing: self.body).redacted(.message)))
        } catch { members.append(.init("body", .string("not JSON (\(error)); --raw prints it"))) }
        return .object(members)
    }
}

extension AMQPValue {
    fileprivate var shown: JSONValue {
        switch self {
        case .void: .null
        case .bool(let value): .bool(value)
        case .table(let table): .object(table.fields.map { .init($0.name, $0.value.shown) })
        case .array(let values): .array(values.map(\.shown))
        case .int8, .uint8, .int16, .uint16, .int32, .uint32, .int64, .uint64, .timestamp:
            .number(String(self.integer ?? 0))
        case .float(let value): .string(String(value))
        case .double(let value): .string(String(value))
        case .decimal(let scale, let value): .string("\(value)e-\(scale)")
        case .string(let bytes), .bytes(let bytes): .string(self.text ?? "\(bytes.count) bytes that are not text")
        }
    }
}
