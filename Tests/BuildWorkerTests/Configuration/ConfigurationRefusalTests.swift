import BuildWorker
import Testing

/// What variables must not be.
@Suite struct ConfigurationRefusalTests {
    @Test(arguments: [
        ("RABBITMQ_PORT", "0", "1 to 65535"), ("RABBITMQ_PORT", "65536", "1 to 65535"), ("RABBITMQ_PORT", "+5", "whole number"),
        ("RABBITMQ_PORT", "tcp://10.0.0.1:5672", "enableServiceLinks"), ("RABBITMQ_PORT", "99999999999999999999", "1 to 65535"),
        ("RABBITMQ_HOST", "a,b:5672", "RABBITMQ_PORT"), ("RABBITMQ_HOST", "[::1]:5672", "RABBITMQ_PORT"),
        ("RABBITMQ_HOST", "amqp://a", "host names"), ("RABBITMQ_HOST", " , ", "host names"), ("RABBITMQ_PROTOCOL", "http", "amqp, amqps"),
        ("RABBITMQ_PROTOCOL", "amqps", "PEM file"), ("RABBITMQ_VIRTUAL_HOST", "/%zz", "virtual host"),
        ("RABBITMQ_VIRTUAL_HOST", "%FF", "virtual host"), ("RABBITMQ_VIRTUAL_HOST", "a%2", "virtual host"),
        ("RABBITMQ_CONNECT_OPTIONS", #"{"heartbeatIntervalInSeconds":0}"#, "switch heartbeats off"),
        ("RABBITMQ_CONNECT_OPTIONS", #"{"heartbeatIntervalInSeconds":3601}"#, "1 to 3600"),
        ("RABBITMQ_CONNECT_OPTIONS", #"{"reconnectTimeInSeconds":0}"#, "1 to 3600"),
        ("RABBITMQ_CONNECT_OPTIONS", #"{"heartbeat":5}"#, "unknown"), ("RABBITMQ_CONNECT_OPTIONS", "{", "not valid JSON"),
        ("RABBITMQ_CONNECT_OPTIONS", "[]", "object"), ("RABBITMQ_PREFETCH_COUNT", "0", "65535"),
        ("RABBITMQ_MSG_REPROCESS_LIMIT", "-1", "0 to 1000"), ("RABBITMQ_MSG_REPROCESS_LIMIT", "1001", "0 to 1000"),
        ("RABBITMQ_RETRYQUEUE_ENABLED", "maybe", "one of on"), ("RABBITMQ_BUILD_INIT_TIMEOUT", "0", "above 0"),
        ("RABBITMQ_BUILD_INIT_TIMEOUT", "nan", "above 0"), ("RABBITMQ_BUILD_INIT_TIMEOUT", "0x1p3", "above 0"),
        ("RABBITMQ_VERIFY_LIMIT", "0", "1 to 1000"), ("RABBITMQ_RETRY_DELAY_SECONDS", "-1", "above 0"),
        ("EXECUTOR_PLUGIN", "k8s-vm", "not supported by this worker: use k8s"), ("EXECUTOR_PREFIX", "Beta", "lower-case"),
        ("EXECUTOR_PREFIX", "-a", "lower-case"), ("EXECUTOR_PREFIX", "a\n", "lower-case"),
        ("EXECUTOR_PREFIX", String(repeating: "a", count: 31), "30 characters"), ("K8S_HOST", "https://a/api", "without a path"),
        ("K8S_HOST", "ftp://a", "without a path"), ("K8S_HOST", "a:70000", "without a path"), ("K8S_JOBS_NAMESPACE", "a/b", "lower-case"),
        ("K8S_TOKEN", "a b", "token"), ("K8S_CPU_LOW", "0", "above 0"), ("K8S_MEMORY_LOW", "2GB", "above 0"),
        ("K8S_POD_LABELS", #"{"sdbuild":"x"}"#, "sdbuild"), ("K8S_POD_LABELS", "[]", "object"),
        ("K8S_ANNOTATIONS", #"{"a":{}}"#, "'a' should be text"), ("K8S_LIFECYCLE_HOOKS", "[]", "object"),
        ("K8S_VOLUME_MOUNTS", #"[{},{"name":"a","path":"/a"}]"#, "[1]: 'mountPath' is missing"),
        ("K8S_VOLUME_MOUNTS", #"[{"name":"a","path":"a","mountPath":"/a"}]"#, "[0]: 'path' should be an absolute path"),
        ("K8S_VOLUME_MOUNTS", #"[{"name":"a","path":"/a","mountPath":"/a","readonly":true}]"#, "[0]: 'readonly' is unknown"),
        ("K8S_VOLUME_MOUNTS", #"{"name":"a"}"#, "array"), ("K8S_VOLUME_MOUNTS", "[1]", "[0]:"),
        ("K8S_SECRETS", #"[{"secret_env":"A","secret_name":"b"}]"#, "[0]: 'secret_key' is missing"),
        ("K8S_SECRETS_FILE", #"[{"name":"a","mountPath":"/a"}]"#, "[0]: 'secretName' is missing"), ("CACHE_STRATEGY", "nfs", "s3, disk"),
        ("ECOSYSTEM_API", "api.example", "http://"), ("ECOSYSTEM_API", "https://a?b", "http://"), ("ECOSYSTEM_UI", "https://", "http://"),
        ("PORT", "65536", "0 to 65535"), ("LOG_LEVEL", "verbose", "trace, debug"), ("REQUEST_MAXATTEMPTS", "101", "1 to 100"),
        ("CIRCUIT_TIMEOUT", "0", "milliseconds"), ("DRAIN_TIMEOUT", "0", "above 0"),
    ])
    func refuses(_ variable: String, _ value: String, _ expectation: String) {
        let problems = ConfigurationFixture.problems([variable: value])
        #expect(problems.contains { $0.expectation.contains(expectation) }, "\(problems)")
        #expect(variable == "RABBITMQ_PROTOCOL" || problems.allSatisfy { $0.origin == variable })
    }

    @Test(arguments: ["relative", "/a/../b", ".."])
    func refusesCachePathsOnDisk(_ path: String) {
        let problems = ConfigurationFixture.problems(["CACHE_STRATEGY": "disk", "CACHE_PATH": path])
        #expect(problems.map(\.origin) == ["CACHE_PATH"])
        #expect(ConfigurationFixture.problems(["CACHE_PATH": path]).isEmpty)
    }

    @Test func namesEveryProblemAtOnce() {
        let problems = ConfigurationFixture.problems(["PORT": "x", "RABBITMQ_PORT": "y", "LOG_LEVEL": "z"])
        #expect(Set(problems.map(\.key)) == ["httpd.port", "rabbitmq.port", "log.level"])
    }

    @Test func neverShowsSecrets() throws {
        let problems = ConfigurationFixture.problems(["K8S_TOKEN": "hush hush", "RABBITMQ_PASSWORD": "hush\nhush"])
        #expect(problems.count == 2)
        #expect(!problems.description.contains("hush"))
        let loaded = try ConfigurationFixture.load(["K8S_TOKEN": "hush", "RABBITMQ_PASSWORD": "hush", "ECOSYSTEM_API": "http://u:hush@a"])
        #expect(!loaded.report.table.contains("hush"))
        #expect(!loaded.report.document.text().contains("hush"))
    }

    @Test func cutsLongValues() throws {
        let problem = try #require(ConfigurationFixture.problems(["PORT": String(repeating: "9", count: 500)]).first)
        #expect(problem.value == String(repeating: "9", count: 100) + "…")
    }
}
