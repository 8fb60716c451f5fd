internal import CRabbitMQ
internal import Glibc
internal import Support

/// An open connection to a broker: librabbitmq's calls with Swift types, errors and lifetimes.
///
/// Belongs to the thread that made it (librabbitmq has no locks); not `Sendable`, so the compiler enforces that. No
/// retries or decisions here. After ``open(_:host:)`` requests are asynchronous, too, and answers arrive as frames,
/// because a synchronous call would drop other channels' frames. Only ``Topology`` commands, which consume nothing,
/// use the synchronous calls at the end.
final class AMQPSocket {
    /// RabbitMQ's own limit, so that every delivered message can be parked.
    static let largestBody = 128 << 20
    /// Fits into one header frame with a margin; larger properties cannot be sent (131,072 bytes a frame).
    static let largestProperties = 120_000

    /// How much a header may exceed the negotiated frame size as the broker repeatedly dead-letters its message.
    private static let roomForDeaths: Int32 = 64 << 10

    let connection: amqp_connection_state_t
    /// Maximum body bytes in a frame of the negotiated size.
    private let largestFragment: Int
    let fileDescriptor: Int32
    let host: String

    private init(connection: amqp_connection_state_t, host: String) {
        self.connection = connection
        self.host = host
        self.fileDescriptor = amqp_get_sockfd(connection)
        self.largestFragment = Int(amqp_get_frame_max(connection)) - 8
    }

    deinit { amqp_destroy_connection(self.connection) }

    /// Connects and logs in, each within about 10 s.
    static func open(_ endpoint: AMQPEndpoint, host: String) throws(AMQPError) -> AMQPSocket {
        guard let connection = amqp_new_connection() else {
            throw AMQPError("connect", status: AMQP_STATUS_NO_MEMORY.rawValue)
        }
        do {
            try self.openSocket(connection, endpoint, host)
            try self.login(connection, endpoint)
        } catch {
            amqp_destroy_connection(connection)
            throw error
        }
        return AMQPSocket(connection: connection, host: host)
    }

    private static func openSocket(_ connection: amqp_connection_state_t, _ endpoint: AMQPEndpoint, _ host: String)
        throws(AMQPError)
    {
        let operation = "connect to \(host):\(endpoint.port)"
        let socket: OpaquePointer?
        if let caFile = endpoint.caFile {
            socket = amqp_ssl_socket_new(connection)
            guard let socket else { throw AMQPError(operation, status: AMQP_STATUS_NO_MEMORY.rawValue) }
            amqp_ssl_socket_set_verify_peer(socket, 1)
            amqp_ssl_socket_set_verify_hostname(socket, 1)
            let status = amqp_ssl_socket_set_cacert(socket, caFile)
            guard status == AMQP_STATUS_OK.rawValue else {
                throw AMQPError("read the CA file \(caFile)", status: status)
            }
            if let client = endpoint.clientCertificate {
                let status = amqp_ssl_socket_set_key(socket, client.certFile, client.keyFile)
                guard status == AMQP_STATUS_OK.rawValue else {
                    throw AMQPError(
                        "use the client certificate \(client.certFile) with the key \(client.keyFile)", status: status)
                }
            }
        } else {
            socket = amqp_tcp_socket_new(connection)
        }
        let status = crmq_open(connection, socket, host, Int32(endpoint.port), 10_000)
        guard status == AMQP_STATUS_OK.rawValue else { throw AMQPError(operation, status: status).explained(endpoint) }
    }

    private static func login(_ connection: amqp_connection_state_t, _ endpoint: AMQPEndpoint) throws(AMQPError) {
        let properties: AMQPTable = [
            "product": .text(Product.name),
            "version": .text(Product.version),
            "platform": .text(Product.platform),
            "information": .text(Product.information),
            "connection_name": .text(endpoint.connectionName),
            // Without these two the broker does not report deleted queues and resource alarms.
            "capabilities": .table([
                "consumer_cancel_notify": true, "connection.blocked": true, "publisher_confirms": true,
                "basic.nack": true,
                "authentication_failure_close": true,
            ]),
        ]
        let heartbeat = Int32(clamping: max(1, endpoint.heartbeat.components.seconds))
        let reply = AMQPPool.withPool { pool in
            var table = pool.table(properties)
            return crmq_login(
                connection, endpoint.vhost, 131_072, heartbeat, &table, endpoint.username, endpoint.password.exposed)
        }
        do throws(AMQPError) {
            try self.check(reply, "log in to vhost '\(endpoint.vhost)' as '\(endpoint.username)'")
        } catch { throw error.explained(endpoint) }
    }

    fileprivate static func check(_ reply: crmq_reply, _ operation: String) throws(AMQPError) {
        guard reply.reply_code == 0 else {
            throw AMQPError(operation, refused: reply.reply_code, String(copying: reply.text))
        }
        guard reply.status == AMQP_STATUS_OK.rawValue else { throw AMQPError(operation, status: reply.status) }
    }

    /// Accepts headers somewhat larger than the negotiated frame size. The broker sends these after they grew in its
    /// own queues by dead-lettering; librabbitmq would treat them as corrupt and drop the connection. Only for
    /// connections that do not publish, because their own frames would be larger, too.
    func acceptLargeFrames(heartbeat: Duration) throws(AMQPError) {
        let status = amqp_tune_connection(
            self.connection, amqp_get_channel_max(self.connection),
            amqp_get_frame_max(self.connection) + Self.roomForDeaths,
            Int32(clamping: max(1, heartbeat.components.seconds)))
        try self.check(status, "tune")
    }

    /// Drops the connection if sent data is not acknowledged for this long: a blocked write would wait for ever.
    func setUserTimeout(_ timeout: Duration) {
        var milliseconds = UInt32(clamping: Int64(timeout / .milliseconds(1)))
        setsockopt(
            self.fileDescriptor, Int32(IPPROTO_TCP), 18 /* TCP_USER_TIMEOUT */, &milliseconds,
            socklen_t(MemoryLayout<UInt32>.size))
    }

    var canWrite: Bool {
        var descriptor = pollfd(fd: self.fileDescriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&descriptor, 1, 0) > 0 && Int32(descriptor.revents) & POLLOUT != 0
    }

    private func check(_ status: Int32, _ operation: String) throws(AMQPError) {
        guard status == AMQP_STATUS_OK.rawValue else { throw AMQPError(operation, status: status) }
    }

    // MARK: Receiving

    /// Buffered input, which polling the socket does not show.
    var hasBufferedInput: Bool {
        amqp_data_in_buffer(self.connection) != 0 || amqp_frames_enqueued(self.connection) != 0
    }

    /// The next frame; `nil` if none is available. Call at least every half heartbeat: sends and checks heartbeats.
    func nextFrame() throws(AMQPError) -> AMQPFrame? {
        var frame = crmq_frame()
        crmq_next_frame(self.connection, 0, &frame)
        try self.check(frame.status, "read")
        guard frame.kind != CRMQ_FRAME_NONE else { return nil }
        guard frame.kind != CRMQ_FRAME_BODY || frame.body.len <= self.largestFragment else {
            throw AMQPError(violation: "a frame is larger than was agreed on")
        }
        let copy = AMQPFrame(copying: frame)
        amqp_maybe_release_buffers_on_channel(self.connection, frame.channel)
        return copy
    }

    // MARK: Sending

    func settle(_ number: UInt64, on channel: UInt16, as settlement: Settlement) throws(AMQPError) {
        let status =
            switch settlement {
            case .ack: amqp_basic_ack(self.connection, channel, number, 0)
            case .nack: amqp_basic_nack(self.connection, channel, number, 0, 0)
            }
        try self.check(status, "settle")
    }

    /// Requeues a message for redelivery.
    func requeue(_ number: UInt64, on channel: UInt16) throws(AMQPError) {
        try self.check(amqp_basic_nack(self.connection, channel, number, 0, 1), "requeue")
    }

    func publish(_ message: OutgoingMessage, on channel: UInt16) throws(AMQPError) {
        guard message.body.count <= Self.largestBody else {
            throw AMQPError("publish", unsendable: "\(message.body.count) bytes are more than \(Self.largestBody)")
        }
        let status = AMQPPool.withPool { pool in
            var properties = message.properties.makeCProperties(in: pool)
            return message.body.withUnsafeBytes { body in
                let bytes = amqp_bytes_t(len: body.count, bytes: UnsafeMutableRawPointer(mutating: body.baseAddress))
                return amqp_basic_publish(
                    self.connection, channel, pool.bytes(message.exchange), pool.bytes(message.routingKey), 1, 0,
                    &properties, bytes)
            }
        }
        try self.check(status, "publish")
    }

    func openChannel(_ channel: UInt16) throws(AMQPError) {
        var method = amqp_channel_open_t()
        try self.send(UInt32(AMQP_CHANNEL_OPEN_METHOD), &method, on: channel, "open channel")
    }

    func setPrefetch(_ count: UInt16, on channel: UInt16) throws(AMQPError) {
        var method = amqp_basic_qos_t()
        method.prefetch_count = count
        try self.send(UInt32(AMQP_BASIC_QOS_METHOD), &method, on: channel, "set prefetch")
    }

    func consume(_ queue: String, consumerTag: String, on channel: UInt16) throws(AMQPError) {
        try AMQPPool.withPool { pool throws(AMQPError) in
            var method = amqp_basic_consume_t()
            (method.queue, method.consumer_tag) = (pool.bytes(queue), pool.bytes(consumerTag))
            try self.send(UInt32(AMQP_BASIC_CONSUME_METHOD), &method, on: channel, "consume from '\(queue)'")
        }
    }

    func cancelConsumer(_ consumerTag: String, on channel: UInt16) throws(AMQPError) {
        try AMQPPool.withPool { pool throws(AMQPError) in
            var method = amqp_basic_cancel_t()
            method.consumer_tag = pool.bytes(consumerTag)
            try self.send(UInt32(AMQP_BASIC_CANCEL_METHOD), &method, on: channel, "cancel consumer")
        }
    }

    func selectConfirms(on channel: UInt16) throws(AMQPError) {
        var method = amqp_confirm_select_t()
        try self.send(UInt32(AMQP_CONFIRM_SELECT_METHOD), &method, on: channel, "select confirms")
    }

    func closeChannel(_ channel: UInt16) throws(AMQPError) {
        var method = amqp_channel_close_t()
        method.reply_code = UInt16(AMQP_REPLY_SUCCESS)
        try self.send(UInt32(AMQP_CHANNEL_CLOSE_METHOD), &method, on: channel, "close channel")
    }

    func confirmClose(of channel: UInt16) throws(AMQPError) {
        var method = amqp_channel_close_ok_t()
        try self.send(UInt32(AMQP_CHANNEL_CLOSE_OK_METHOD), &method, on: channel, "close channel")
    }

    private func send<Method: BitwiseCopyable>(
        _ id: UInt32, _ method: inout Method, on channel: UInt16, _ operation: String
    ) throws(AMQPError) {
        try self.check(amqp_send_method(self.connection, channel, id, &method), operation)
    }

    /// Closes gracefully, so that the broker logs no lost connection. Errors are ignored: the socket closes anyway.
    package func close() { _ = amqp_connection_close(self.connection, AMQP_REPLY_SUCCESS) }

    // MARK: Synchronous calls, for connections that consume nothing

    func openConfirmChannel(_ channel: UInt16) throws(AMQPError) {
        try self.openChannelAndWait(channel)
        _ = try self.call("select confirms") { _ in amqp_confirm_select(self.connection, channel) }
    }

    func openChannelAndWait(_ channel: UInt16) throws(AMQPError) {
        _ = try self.call("open channel") { _ in amqp_channel_open(self.connection, channel) }
    }

    /// - Returns: the number of ready messages and of consumers.
    @discardableResult
    func declareQueue(
        _ queue: String, arguments: AMQPTable, isPassive: Bool, on channel: UInt16
    ) throws(AMQPError) -> (ready: Int, consumers: Int) {
        let ok = try self.call("declare queue '\(queue)'") { pool in
            amqp_queue_declare(
                self.connection, channel, pool.bytes(queue), isPassive ? 1 : 0, 1, 0, 0, pool.table(arguments))
        }
        return ok.map { (Int($0.pointee.message_count), Int($0.pointee.consumer_count)) } ?? (0, 0)
    }

    func declareExchange(_ exchange: String, kind: String, isPassive: Bool, on channel: UInt16) throws(AMQPError) {
        _ = try self.call("declare exchange '\(exchange)'") { pool in
            let passive: amqp_boolean_t = isPassive ? 1 : 0
            return amqp_exchange_declare(
                self.connection, channel, pool.bytes(exchange), pool.bytes(kind), passive, 1, 0, 0, amqp_table_t())
        }
    }

    func bindQueue(_ queue: String, to exchange: String, key: String, on channel: UInt16) throws(AMQPError) {
        _ = try self.call("bind queue '\(queue)' to exchange '\(exchange)'") { pool in
            amqp_queue_bind(
                self.connection, channel, pool.bytes(queue), pool.bytes(exchange), pool.bytes(key), amqp_table_t())
        }
    }

    private func call<Result>(_ operation: String, _ method: (AMQPPool) -> Result) throws(AMQPError) -> Result {
        let result = AMQPPool.withPool(method)
        try Self.check(crmq_last_reply(self.connection), operation)
        return result
    }
}
