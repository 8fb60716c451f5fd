extension AMQPValue {
    /// Bytes on the wire, type included.
    var encodedSize: Int {
        switch self {
        case .void: 1
        case .bool, .int8, .uint8: 2
        case .int16, .uint16: 3
        case .int32, .uint32, .float: 5
        case .decimal: 6
        case .int64, .uint64, .double, .timestamp: 9
        case .string(let bytes), .bytes(let bytes): 5 + bytes.count
        case .array(let values): values.reduce(5) { $0 + $1.encodedSize }
        case .table(let table): 1 + table.encodedSize
        }
    }
}

extension AMQPTable {
    /// Bytes on the wire.
    var encodedSize: Int { self.fields.reduce(4) { $0 + 1 + min(255, $1.name.utf8.count) + $1.value.encodedSize } }
}

extension MessageProperties {
    /// An upper bound of the bytes of a content header.
    var encodedSize: Int {
        let texts = [self.contentType, self.contentEncoding, self.correlationID, self.replyTo, self.messageID, self.type, self.appID]
        return texts.reduce(64 + self.headers.encodedSize) { $0 + 1 + min(255, $1?.utf8.count ?? 0) }
    }
}
