internal import CRabbitMQ

extension AMQPTable {
    /// Copies a table out of librabbitmq's buffers. The shim rejects deeply nested ones.
    init(copying table: amqp_table_t) {
        self.init()
        guard let entries = table.entries else { return }
        self.fields.reserveCapacity(Int(table.num_entries))
        for index in 0..<Int(table.num_entries) {
            let entry = entries[index]
            self.fields.append(Field(String(copying: entry.key), AMQPValue(copying: entry.value)))
        }
    }
}

extension AMQPValue {
    fileprivate init(copying field: amqp_field_value_t) {
        let value = field.value
        self =
            switch amqp_field_value_kind_t(UInt32(field.kind)) {
            case AMQP_FIELD_KIND_BOOLEAN: .bool(value.boolean != 0)
            case AMQP_FIELD_KIND_I8: .int8(value.i8)
            case AMQP_FIELD_KIND_U8: .uint8(value.u8)
            case AMQP_FIELD_KIND_I16: .int16(value.i16)
            case AMQP_FIELD_KIND_U16: .uint16(value.u16)
            case AMQP_FIELD_KIND_I32: .int32(value.i32)
            case AMQP_FIELD_KIND_U32: .uint32(value.u32)
            case AMQP_FIELD_KIND_I64: .int64(value.i64)
            case AMQP_FIELD_KIND_U64: .uint64(value.u64)
            case AMQP_FIELD_KIND_F32: .float(value.f32)
            case AMQP_FIELD_KIND_F64: .double(value.f64)
            case AMQP_FIELD_KIND_DECIMAL: .decimal(scale: value.decimal.decimals, value: value.decimal.value)
            case AMQP_FIELD_KIND_UTF8: .string([UInt8](copying: value.bytes))
            case AMQP_FIELD_KIND_BYTES: .bytes([UInt8](copying: value.bytes))
            case AMQP_FIELD_KIND_TIMESTAMP: .timestamp(value.u64)
            case AMQP_FIELD_KIND_TABLE: .table(AMQPTable(copying: value.table))
            case AMQP_FIELD_KIND_ARRAY: .array(Self.elements(of: value.array))
            default: .void
            }
    }

    private static func elements(of array: amqp_array_t) -> [AMQPValue] {
        guard let entries = array.entries else { return [] }
        return (0..<Int(array.num_entries)).map { AMQPValue(copying: entries[$0]) }
    }
}

extension Array where Element == UInt8 {
    init(copying bytes: amqp_bytes_t) { self.init(UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len)) }
}

extension String {
    init(copying bytes: amqp_bytes_t) {
        self.init(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len), as: UTF8.self)
    }
}

/// Passes Swift values to librabbitmq: allocations live until ``withPool(_:)`` returns.
struct AMQPPool {
    private let pool: UnsafeMutablePointer<amqp_pool_t>

    static func withPool<Result, Failure: Error>(_ body: (AMQPPool) throws(Failure) -> Result) throws(Failure) -> Result
    {
        let pool = UnsafeMutablePointer<amqp_pool_t>.allocate(capacity: 1)
        init_amqp_pool(pool, 4096)
        defer {
            empty_amqp_pool(pool)
            pool.deallocate()
        }
        return try body(AMQPPool(pool: pool))
    }

    /// A short string: at most 255 bytes. Truncated, because replacing invalid bytes may have lengthened external text.
    func bytes(_ text: String) -> amqp_bytes_t { self.bytes(Array(text.utf8.prefix(255))) }

    func bytes(_ bytes: [UInt8]) -> amqp_bytes_t {
        guard !bytes.isEmpty else { return amqp_bytes_t(len: 0, bytes: nil) }
        let copy = UnsafeMutableRawPointer(amqp_pool_alloc(self.pool, bytes.count))
        bytes.withUnsafeBytes { source in
            if let copy, let base = source.baseAddress { copy.copyMemory(from: base, byteCount: source.count) }
        }
        return amqp_bytes_t(len: copy == nil ? 0 : bytes.count, bytes: copy)
    }

    func table(_ table: AMQPTable) -> amqp_table_t {
        let entries = self.allocate(amqp_table_entry_t.self, table.fields.count)
        for (index, field) in table.fields.enumerated() {
            entries?.advanced(by: index).initialize(
                to: amqp_table_entry_t(key: self.bytes(field.name), value: self.field(field.value)))
        }
        return amqp_table_t(num_entries: entries == nil ? 0 : Int32(table.fields.count), entries: entries)
    }

    private func allocate<Item>(_: Item.Type, _ count: Int) -> UnsafeMutablePointer<Item>? {
        guard count > 0 else { return nil }
        return amqp_pool_alloc(self.pool, count * MemoryLayout<Item>.stride)?.assumingMemoryBound(to: Item.self)
    }

    private func field(_ value: AMQPValue) -> amqp_field_value_t {
        var field = amqp_field_value_t()
        func set(_ kind: amqp_field_value_kind_t) { field.kind = UInt8(kind.rawValue) }
        switch value {
        case .void: set(AMQP_FIELD_KIND_VOID)
        case .bool(let value): (field.value.boolean, _) = (value ? 1 : 0, set(AMQP_FIELD_KIND_BOOLEAN))
        case .int8(let value): (field.value.i8, _) = (value, set(AMQP_FIELD_KIND_I8))
        case .uint8(let value): (field.value.u8, _) = (value, set(AMQP_FIELD_KIND_U8))
        case .int16(let value): (field.value.i16, _) = (value, set(AMQP_FIELD_KIND_I16))
        case .uint16(let value): (field.value.u16, _) = (value, set(AMQP_FIELD_KIND_U16))
        case .int32(let value): (field.value.i32, _) = (value, set(AMQP_FIELD_KIND_I32))
        case .uint32(let value): (field.value.u32, _) = (value, set(AMQP_FIELD_KIND_U32))
        case .int64(let value): (field.value.i64, _) = (value, set(AMQP_FIELD_KIND_I64))
        case .uint64(let value): (field.value.u64, _) = (value, set(AMQP_FIELD_KIND_U64))
        case .float(let value): (field.value.f32, _) = (value, set(AMQP_FIELD_KIND_F32))
        case .double(let value): (field.value.f64, _) = (value, set(AMQP_FIELD_KIND_F64))
        case .decimal(let scale, let value):
            (field.value.decimal, _) = (amqp_decimal_t(decimals: scale, value: value), set(AMQP_FIELD_KIND_DECIMAL))
        case .string(let bytes): (field.value.bytes, _) = (self.bytes(bytes), set(AMQP_FIELD_KIND_UTF8))
        case .bytes(let bytes): (field.value.bytes, _) = (self.bytes(bytes), set(AMQP_FIELD_KIND_BYTES))
        case .timestamp(let value): (field.value.u64, _) = (value, set(AMQP_FIELD_KIND_TIMESTAMP))
        case .table(let table): (field.value.table, _) = (self.table(table), set(AMQP_FIELD_KIND_TABLE))
        case .array(let values):
            let entries = self.allocate(amqp_field_value_t.self, values.count)
            for (index, value) in values.enumerated() { entries?.advanced(by: index).initialize(to: self.field(value)) }
            field.value.array = amqp_array_t(num_entries: entries == nil ? 0 : Int32(values.count), entries: entries)
            set(AMQP_FIELD_KIND_ARRAY)
        }
        return field
    }
}
