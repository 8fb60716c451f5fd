package import Support

package enum QueueRole: String, Hashable, Sendable {
    case build, wait, retry
    case retryWait = "retry_wait"
    case initTimers = "init"
    case parked
}

/// The broker's address and our queues (`rabbitmq.*`).
package struct RabbitMQOptions: Sendable {
    package enum Transport: String, Sendable, CaseIterable { case amqp, amqps }

    /// `rabbitmq.protocol`
    package var transport = Transport.amqp
    package var username = "foo"
    package var password = Secret("bar")
    /// One or more host names, tried in turn; comma-separated in the environment variable.
    package var hosts = ["127.0.0.1"]
    /// 1–65535.
    package var port = 5672
    /// The vhost's name. The environment variable holds a URI path, as in the original: `/screwdriver` and
    /// `screwdriver` are this vhost; `/`, `/%2F` and the empty string are the vhost `/`.
    package var vhost = "screwdriver"
    /// `rabbitmq.connectOptions.heartbeatIntervalInSeconds`, 1–3600 s.
    package var heartbeat = Duration.seconds(20)
    /// `rabbitmq.connectOptions.reconnectTimeInSeconds`: maximum pause between connection attempts, 1–3600 s.
    package var reconnectLimit = Duration.seconds(30)
    /// PEM file with the CA certificates for the broker's certificate. Required with `amqps`.
    package var caFile: String?
    /// PEM file with our client certificate and its intermediates, for brokers that require mutual TLS.
    package var certFile: String?
    /// PEM file with that certificate's key, without a passphrase.
    package var keyFile: String?
    /// `rabbitmq.managementUrl`: the management API's base URL, for checks. `nil`: default port on the broker's host.
    package var managementURL: String?
    package var queue = "test"
    /// Unsettled deliveries per queue, 1–65535.
    package var prefetchCount = 20
    /// `rabbitmq.maxMessageBytes`, 1,024–16,777,216: larger messages are parked unread. In flight: up to 4 times this.
    package var largestMessage = 1 << 20
    /// Rejections after which a build is failed instead of retried, 0–1000.
    package var messageReprocessLimit = 5
    package var retryQueue = "sdRetryQueue"
    package var retryQueueEnabled = true
    package var exchange = "build"
    /// `rabbitmq.initTimeout` (minutes, fractions allowed, more than 0, at most 1440): how long a pod may take to start
    /// before it is checked again.
    package var initTimeout = Duration.seconds(300)
    /// Init timers a pending pod gets before its build is failed, 1–1000.
    package var verifyLimit = 6
    /// `rabbitmq.healTimeoutSeconds`, at most 86 400 s: how long a pod may have a usually transient problem (overloaded
    /// registry, timeout) before its build is failed. 0: not at all.
    package var healTimeout = Duration.seconds(60)
    /// `rabbitmq.retryDelaySeconds`, more than 0, at most 86 400 s: delay of a rejected message, for `worker topology`.
    package var retryDelay = Duration.seconds(30)

    package init() {}

    package var waitQueue: String { "\(self.queue).wait" }
    package var retryWaitQueue: String { "\(self.retryQueue).wait" }
    package var initQueue: String { "\(self.retryQueue).init" }
    package var parkedQueue: String { "\(self.queue).parked" }

    /// All queues in processing order.
    package var queues: [(role: QueueRole, name: String)] {
        let verification: [(role: QueueRole, name: String)] = [
            (.retry, self.retryQueue), (.retryWait, self.retryWaitQueue), (.initTimers, self.initQueue),
        ]
        return [(.build, self.queue), (.wait, self.waitQueue)] + (self.retryQueueEnabled ? verification : []) + [
            (.parked, self.parkedQueue)
        ]
    }
}
