package import Support

/// What one of the worker's queues is for.
package enum QueueRole: String, Hashable, Sendable {
    case build, wait, retry
    case retryWait = "retry_wait"
    case initTimers = "init"
    case parked
}

/// Where the broker is and which queues are ours (`rabbitmq.*`).
package struct RabbitMQOptions: Sendable {
    package enum Transport: String, Sendable, CaseIterable { case amqp, amqps }

    /// `rabbitmq.protocol`
    package var transport = Transport.amqp
    package var username = "foo"
    package var password = Secret("bar")
    /// One or more host names; tried in turn. The variable takes a comma-separated list.
    package var hosts = ["127.0.0.1"]
    /// 1–65535.
    package var port = 5672
    /// The vhost's own name. The variable holds the path of a broker's URI, as it always did: `/screwdriver` and
    /// `screwdriver` are this vhost, `/`, `/%2F` and nothing are the vhost `/`.
    package var vhost = "screwdriver"
    /// `rabbitmq.connectOptions.heartbeatIntervalInSeconds`, 1–3600 s.
    package var heartbeat = Duration.seconds(20)
    /// `rabbitmq.connectOptions.reconnectTimeInSeconds`: the longest pause between two attempts to connect, 1–3600 s.
    package var reconnectLimit = Duration.seconds(30)
    /// PEM file with the authorities that may have signed the broker's certificate. Needed with `amqps`.
    package var caFile: String?
    /// PEM file with the certificate, and those between it and its authority, that we show to a broker that demands one.
    package var certFile: String?
    /// PEM file with that certificate's key, without a passphrase.
    package var keyFile: String?
    /// `rabbitmq.managementUrl`: of the management API, which checks ask what AMQP does not show. `nil`: they try its usual port on the
    /// broker's host.
    package var managementURL: String?
    /// The build queue.
    package var queue = "test"
    /// Unsettled deliveries per queue, 1–65535.
    package var prefetchCount = 20
    /// `rabbitmq.maxMessageBytes`, 1,024–16,777,216: a larger message is parked unread. Four times as much may be in flight at a time.
    package var largestMessage = 1 << 20
    /// Rejections after which a build is failed instead of retried, 0–1000.
    package var messageReprocessLimit = 5
    /// The verification queue.
    package var retryQueue = "sdRetryQueue"
    package var retryQueueEnabled = true
    package var exchange = "build"
    /// `rabbitmq.initTimeout` (minutes, fractions allowed, more than 0, at most 1440): how long a pod may take to begin before it is looked
    /// at again.
    package var initTimeout = Duration.seconds(300)
    /// Init timers a pending pod gets before its build is failed, 1–1000.
    package var verifyLimit = 6
    /// `rabbitmq.healTimeoutSeconds`, at most 86 400 s: how long a pod may be in trouble that mostly passes (a registry that is overloaded, a
    /// time-out) before its build is failed. 0: not at all.
    package var healTimeout = Duration.seconds(60)
    /// `rabbitmq.retryDelaySeconds`, more than 0, at most 86 400 s: the time a rejected message waits, for `worker topology`.
    package var retryDelay = Duration.seconds(30)

    package init() {}

    package var waitQueue: String { "\(self.queue).wait" }
    package var retryWaitQueue: String { "\(self.retryQueue).wait" }
    package var initQueue: String { "\(self.retryQueue).init" }
    package var parkedQueue: String { "\(self.queue).parked" }

    /// All of them, in the order of the flow.
    package var queues: [(role: QueueRole, name: String)] {
        let verification: [(role: QueueRole, name: String)] = [
            (.retry, self.retryQueue), (.retryWait, self.retryWaitQueue), (.initTimers, self.initQueue),
        ]
        return [(.build, self.queue), (.wait, self.waitQueue)] + (self.retryQueueEnabled ? verification : []) + [
            (.parked, self.parkedQueue)
        ]
    }
}
