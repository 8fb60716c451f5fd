internal import CRabbitMQ

/// A frame as a value: it borrows nothing from librabbitmq.
enum AMQPFrame: Sendable {
    case deliver(channel: UInt16, number: UInt64, isRedelivered: Bool)
    /// `hasUnreadHeaders`: headers nested too deeply or too many; the properties have none.
    case header(channel: UInt16, bodySize: UInt64, MessageProperties, hasUnreadHeaders: Bool)
    case body(channel: UInt16, [UInt8])
    case `return`(channel: UInt16, code: UInt16, text: String)
    case ack(number: UInt64, isMultiple: Bool)
    case nack(number: UInt64, isMultiple: Bool)
    /// The broker cancelled our consumer: the queue was deleted or moved.
    case consumerCancelled(channel: UInt16)
    case channelOpened(UInt16)
    case confirmsSelected(UInt16)
    case prefetchSet(UInt16)
    case consuming(UInt16)
    case cancelled(UInt16)
    case channelClosed(UInt16)
    case channelRefused(UInt16, code: UInt16, text: String)
    case connectionClosed(code: UInt16, text: String)
    case blocked(reason: String)
    case unblocked
    /// A heartbeat, or a method that is not used.
    case other
}

extension AMQPFrame {
    init(copying frame: crmq_frame) {
        switch frame.kind {
        case CRMQ_FRAME_METHOD: self = Self.method(frame)
        case CRMQ_FRAME_HEADER:
            let properties = frame.properties.map { MessageProperties(copying: $0.pointee) } ?? MessageProperties()
            self = .header(
                channel: frame.channel, bodySize: frame.body_size, properties,
                hasUnreadHeaders: frame.headers_passed_over != 0)
        case CRMQ_FRAME_BODY: self = .body(channel: frame.channel, [UInt8](copying: frame.body))
        default: self = .other
        }
    }

    private static func method(_ frame: crmq_frame) -> AMQPFrame {
        switch Int64(frame.method) {
        case Int64(AMQP_BASIC_DELIVER_METHOD):
            .deliver(channel: frame.channel, number: frame.delivery_tag, isRedelivered: frame.redelivered != 0)
        case Int64(AMQP_BASIC_RETURN_METHOD):
            .return(channel: frame.channel, code: frame.reply_code, text: String(copying: frame.text))
        case Int64(AMQP_BASIC_ACK_METHOD): .ack(number: frame.delivery_tag, isMultiple: frame.multiple != 0)
        case Int64(AMQP_BASIC_NACK_METHOD): .nack(number: frame.delivery_tag, isMultiple: frame.multiple != 0)
        case Int64(AMQP_BASIC_CANCEL_METHOD): .consumerCancelled(channel: frame.channel)
        case Int64(AMQP_CHANNEL_OPEN_OK_METHOD): .channelOpened(frame.channel)
        case Int64(AMQP_CONFIRM_SELECT_OK_METHOD): .confirmsSelected(frame.channel)
        case Int64(AMQP_BASIC_QOS_OK_METHOD): .prefetchSet(frame.channel)
        case Int64(AMQP_BASIC_CONSUME_OK_METHOD): .consuming(frame.channel)
        case Int64(AMQP_BASIC_CANCEL_OK_METHOD): .cancelled(frame.channel)
        case Int64(AMQP_CHANNEL_CLOSE_OK_METHOD): .channelClosed(frame.channel)
        case Int64(AMQP_CHANNEL_CLOSE_METHOD):
            .channelRefused(frame.channel, code: frame.reply_code, text: String(copying: frame.text))
        case Int64(AMQP_CONNECTION_CLOSE_METHOD):
            .connectionClosed(code: frame.reply_code, text: String(copying: frame.text))
        case Int64(AMQP_CONNECTION_BLOCKED_METHOD): .blocked(reason: String(copying: frame.text))
        case Int64(AMQP_CONNECTION_UNBLOCKED_METHOD): .unblocked
        default: .other
        }
    }
}

extension MessageProperties {
    /// The text properties and their C flags.
    // Key paths of stored properties capture nothing.
    nonisolated(unsafe) private static let texts:
        [(
            flag: Int32, field: WritableKeyPath<amqp_basic_properties_t, amqp_bytes_t>,
            text: WritableKeyPath<MessageProperties, String?>
        )] = [
            (AMQP_BASIC_CONTENT_TYPE_FLAG, \.content_type, \.contentType),
            (AMQP_BASIC_CONTENT_ENCODING_FLAG, \.content_encoding, \.contentEncoding),
            (AMQP_BASIC_CORRELATION_ID_FLAG, \.correlation_id, \.correlationID),
            (AMQP_BASIC_REPLY_TO_FLAG, \.reply_to, \.replyTo),
            (AMQP_BASIC_MESSAGE_ID_FLAG, \.message_id, \.messageID), (AMQP_BASIC_TYPE_FLAG, \.type, \.type),
            (AMQP_BASIC_APP_ID_FLAG, \.app_id, \.appID),
        ]

    init(copying c: amqp_basic_properties_t) {
        self.init()
        func has(_ flag: Int32) -> Bool { c._flags & amqp_flags_t(flag) != 0 }
        for (flag, field, text) in Self.texts where has(flag) {
            self[keyPath: text] = String(copying: c[keyPath: field])
        }
        if has(AMQP_BASIC_HEADERS_FLAG) { self.headers = AMQPTable(copying: c.headers) }
        self.isPersistent = has(AMQP_BASIC_DELIVERY_MODE_FLAG) && c.delivery_mode == 2
        if has(AMQP_BASIC_PRIORITY_FLAG) { self.priority = c.priority }
        if has(AMQP_BASIC_TIMESTAMP_FLAG) { self.timestamp = c.timestamp }
    }

    /// The C representation, allocated in `pool`.
    func makeCProperties(in pool: AMQPPool) -> amqp_basic_properties_t {
        var c = amqp_basic_properties_t()
        func set<Value>(_ flag: Int32, _ field: WritableKeyPath<amqp_basic_properties_t, Value>, _ value: Value?) {
            guard let value else { return }
            c[keyPath: field] = value
            c._flags |= amqp_flags_t(flag)
        }
        for (flag, field, text) in Self.texts { set(flag, field, self[keyPath: text].map { pool.bytes($0) }) }
        set(AMQP_BASIC_HEADERS_FLAG, \.headers, self.headers.isEmpty ? nil : pool.table(self.headers))
        set(AMQP_BASIC_DELIVERY_MODE_FLAG, \.delivery_mode, self.isPersistent ? 2 : 1)
        set(AMQP_BASIC_PRIORITY_FLAG, \.priority, self.priority)
        set(AMQP_BASIC_TIMESTAMP_FLAG, \.timestamp, self.timestamp)
        return c
    }

    /// An upper bound of the content header's size in bytes.
    var encodedSize: Int {
        Self.texts.reduce(64 + self.headers.encodedSize) { $0 + 1 + min(255, self[keyPath: $1.text]?.utf8.count ?? 0) }
    }
}
