internal import ChaosModel
internal import Foundation
internal import TestSupport

/// How the workers of a run are configured: as in production, but everything that waits is short.
struct WorkerEnvironment {
    /// In the guide's layout.
    static let restrictedUser = "worker"

    let variables: [String: String]

    init(_ settings: ChaosSettings, _ queues: Queues, _ broker: Broker, _ simulator: Simulator) {
        self.variables = [
            "RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": String(broker.port), "RABBITMQ_PASSWORD": "guest",
            "RABBITMQ_USERNAME": settings.layout == .guide ? Self.restrictedUser : "guest",
            "RABBITMQ_RETRYQUEUE_ENABLED": String(settings.layout != .alone), "RABBITMQ_VIRTUAL_HOST": "/",
            "RABBITMQ_QUEUE": queues.build, "RABBITMQ_RETRYQUEUE": queues.retry,
            "RABBITMQ_EXCHANGE": queues.exchange, "RABBITMQ_RETRY_DELAY_SECONDS": String(Int(settings.retryDelay)),
            "RABBITMQ_BUILD_INIT_TIMEOUT": String(settings.initTimeout / 60),
            "RABBITMQ_VERIFY_LIMIT": String(settings.verifyLimit),
            "RABBITMQ_MSG_REPROCESS_LIMIT": String(settings.reprocessLimit),
            "RABBITMQ_CONNECT_OPTIONS": #"{"heartbeatIntervalInSeconds":4,"reconnectTimeInSeconds":1}"#,
            "K8S_HOST": simulator.kubernetes, "K8S_TOKEN": Traffic.clusterSecret, "K8S_JOBS_NAMESPACE": "builds",
            "ECOSYSTEM_API": simulator.api, "REQUEST_RETRYDELAY": "100",
            "CIRCUIT_TIMEOUT": String(Int(settings.requestTimeout * 1000)),
            "DRAIN_TIMEOUT": String(Int(settings.drainTimeout)), "PORT": "0", "HOST": "127.0.0.1", "LOG_LEVEL": "debug",
            "BUILD_WORKER_CONFIG_DIR": Surroundings.sourceRoot.appendingPathComponent("Config").path,
        ]
    }
}
