/// A broker and how we present ourselves to it.
public struct AMQPEndpoint: Sendable {
    /// Tried in turn.
    public var hosts: [String]
    public var port: Int
    public var vhost: String
    public var username: String
    public var password: Secret
    /// Set for TLS: a PEM file with the authorities that may have signed the broker's certificate.
    public var caFile: String?
    /// With TLS: what we show to a broker that wants to know who we are.
    public var clientCertificate: ClientCertificate?
    /// Both sides give the connection up after two of these without a sign of life. Never 0, which would switch it off.
    public var heartbeat: Duration
    /// The longest pause between two attempts to connect.
    public var reconnectLimit: Duration
    /// Shown in the broker's management UI.
    public var connectionName: String

    /// Two PEM files: the certificate with those between it and its authority, and its key.
    public struct ClientCertificate: Hashable, Sendable {
        public let certFile: String
        public let keyFile: String
    }

    public init(_ options: RabbitMQOptions, connectionName: String) {
        self.hosts = options.hosts
        self.port = options.port
        self.vhost = options.vhost
        self.username = options.username
        self.password = options.password
        self.caFile = options.transport == .amqps ? options.caFile : nil
        if options.transport == .amqps, let certFile = options.certFile, let keyFile = options.keyFile {
            self.clientCertificate = ClientCertificate(certFile: certFile, keyFile: keyFile)
        }
        self.heartbeat = options.heartbeat
        self.reconnectLimit = options.reconnectLimit
        self.connectionName = connectionName
    }
}
