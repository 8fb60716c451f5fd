import BuildWorker
import Testing

/// What variables become.
@Suite struct ConfigurationValueTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let variable: String
        let value: String
        let holds: @Sendable (WorkerConfiguration) -> Bool
        var testDescription: String { "\(self.variable)=\(self.value)" }

        init(_ variable: String, _ value: String, _ holds: @escaping @Sendable (WorkerConfiguration) -> Bool) {
            (self.variable, self.value, self.holds) = (variable, value, holds)
        }
    }

    @Test(arguments: [
        Row("RABBITMQ_HOST", "a, b,[::1],fe80::1", { $0.rabbitmq.hosts == ["a", "b", "::1", "fe80::1"] }),
        Row("RABBITMQ_PASSWORD", " with space ", { $0.rabbitmq.password.exposed == " with space " }),
        Row("RABBITMQ_PASSWORD", "", { $0.rabbitmq.password.exposed == "bar" }),
        Row("RABBITMQ_PORT", " 5673 ", { $0.rabbitmq.port == 5673 }), Row("RABBITMQ_PORT", "", { $0.rabbitmq.port == 5672 }),
        Row("RABBITMQ_VIRTUAL_HOST", "/builds", { $0.rabbitmq.vhost == "builds" }),
        Row("RABBITMQ_VIRTUAL_HOST", "builds", { $0.rabbitmq.vhost == "builds" }),
        Row("RABBITMQ_VIRTUAL_HOST", "//builds", { $0.rabbitmq.vhost == "/builds" }),
        Row("RABBITMQ_VIRTUAL_HOST", "/a%2Fb%20%C3%A9", { $0.rabbitmq.vhost == "a/b é" }),
        Row("RABBITMQ_VIRTUAL_HOST", "", { $0.rabbitmq.vhost == "/" }), Row("RABBITMQ_VIRTUAL_HOST", "/", { $0.rabbitmq.vhost == "/" }),
        Row("RABBITMQ_VIRTUAL_HOST", "/%2F", { $0.rabbitmq.vhost == "/" }),
        Row("RABBITMQ_VIRTUAL_HOST", "%2f", { $0.rabbitmq.vhost == "/" }),
        Row(
            "RABBITMQ_CONNECT_OPTIONS", #"{"json":true,"heartbeatIntervalInSeconds":1}"#,
            { $0.rabbitmq.heartbeat == .seconds(1) && $0.rabbitmq.reconnectLimit == .seconds(30) }),
        Row("RABBITMQ_CONNECT_OPTIONS", #"{"reconnectTimeInSeconds":"3600"}"#, { $0.rabbitmq.reconnectLimit == .seconds(3600) }),
        Row("RABBITMQ_BUILD_INIT_TIMEOUT", "0.05", { $0.rabbitmq.initTimeout == .seconds(3) }),
        Row("RABBITMQ_RETRY_DELAY_SECONDS", "0.25", { $0.rabbitmq.retryDelay == .milliseconds(250) }),
        Row("RABBITMQ_CA_FILE", "", { $0.rabbitmq.caFile == nil }), Row("DRAIN_TIMEOUT", "2.5", { $0.drainTimeout == .milliseconds(2500) }),
        Row("K8S_HOST", "https://api.example:6443", { $0.executor.kubernetes.host == "https://api.example:6443" }),
        Row("K8S_HOST", "[::1]:6443", { $0.executor.kubernetes.host == "[::1]:6443" }),
        Row("K8S_TOKEN", "abc\n", { $0.executor.kubernetes.token == Secret("abc") }),
        Row("K8S_TOKEN", "", { $0.executor.kubernetes.token == nil }),
        Row("K8S_CPU_MICRO", "0.5", { $0.executor.kubernetes.cpu.micro == 0.5 }),
        Row("K8S_MEMORY_MAX", "64", { $0.executor.kubernetes.memory.max == 64 && $0.executor.kubernetes.cpu.max == 12 }),
        Row("K8S_POD_STATUSQUERY_DELAY", "1500", { $0.executor.kubernetes.podStatusQueryDelay == .milliseconds(1500) }),
        Row("REQUEST_RETRYDELAY", "10", { $0.executor.kubernetes.requestRetryDelay == .milliseconds(10) }),
        Row("CIRCUIT_TIMEOUT", "20000", { $0.executor.kubernetes.requestTimeout == .seconds(20) }),
        Row("K8S_POD_DNS_POLICY", "default", { $0.executor.kubernetes.dnsPolicy == "Default" }),
        Row("EXECUTOR_PREFIX", "beta-", { $0.executor.kubernetes.prefix == "beta-" }),
        Row("EXECUTOR_PREFIX", "", { $0.executor.kubernetes.prefix == "" }), Row("EXECUTOR_PLUGIN", "k8s", { $0.executor.plugin == .k8s }),
        Row("ECOSYSTEM_API", "http://api:8080/", { $0.ecosystem.api == "http://api:8080" }),
        Row("ECOSYSTEM_UI", "https://a/b/", { $0.ecosystem.ui == "https://a/b" }),
        Row("ECOSYSTEM_PUSHGATEWAY_URL", "", { $0.ecosystem.pushgatewayURL == "" }),
        Row("CACHE_STRATEGY", "disk", { $0.ecosystem.cache.strategy == "disk" }), Row("PORT", "0", { $0.httpd.port == 0 }),
        Row("LOG_LEVEL", "DEBUG", { $0.log.level == .debug }), Row("LOG_FORMAT", "text", { $0.log.format == .text }),
    ])
    func accepts(_ row: Row) throws {
        #expect(row.holds(try ConfigurationFixture.load([row.variable: row.value]).configuration))
    }

    @Test(arguments: ["on", "true", "yes", "y", "1", "ON", "True", " yEs "])
    func isTrue(_ text: String) throws {
        #expect(try ConfigurationFixture.load(["DOCKER_FEATURE_ENABLED": text]).configuration.executor.kubernetes.dockerFeatureEnabled)
    }

    @Test(arguments: ["off", "false", "no", "n", "0", "OFF", "No"])
    func isFalse(_ text: String) throws {
        #expect(try !ConfigurationFixture.load(["SD_HAB_ENABLED": text]).configuration.executor.kubernetes.habitatEnabled)
    }
}
