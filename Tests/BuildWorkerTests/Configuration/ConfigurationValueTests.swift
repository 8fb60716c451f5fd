import Foundation
import Testing

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ
@testable import Support

/// Variable by variable: what is taken as what, and what is refused with which words.
@Suite struct ConfigurationValueTests {
    @Test(
        arguments: [
            ("RABBITMQ_PROTOCOL", "AMQP", "amqp"), ("RABBITMQ_USERNAME", " a b ", " a b "),
            ("RABBITMQ_USERNAME", "", "foo"),
            ("RABBITMQ_HOST", "a.test", "a.test"),
            ("RABBITMQ_HOST", "a.test, b-1.test ,10.0.0.7,fd00::7", "a.test,b-1.test,10.0.0.7,fd00::7"),
            ("RABBITMQ_HOST", " ", "127.0.0.1"), ("RABBITMQ_PORT", " 5671\n", 5671), ("RABBITMQ_PORT", "", 5672),
            ("RABBITMQ_PREFETCH_COUNT", "65535", 65535), ("RABBITMQ_MSG_REPROCESS_LIMIT", "0", 0),
            ("RABBITMQ_VERIFY_LIMIT", "1", 1),
            ("RABBITMQ_BUILD_INIT_TIMEOUT", "0.05", .number("0.05")), ("RABBITMQ_BUILD_INIT_TIMEOUT", "", 5),
            ("RABBITMQ_RETRY_DELAY_SECONDS", "1", 1),
            ("RABBITMQ_QUEUE", "builds", "builds"), ("RABBITMQ_CA_FILE", "", nil),
            ("RABBITMQ_CA_FILE", "/ca.pem", "/ca.pem"),
            ("EXECUTOR_PLUGIN", "k8s", "k8s"), ("EXECUTOR_PREFIX", "", ""), ("EXECUTOR_PREFIX", "blue-", "blue-"),
            ("EXECUTOR_PREFIX", "0", "0"),
            ("LAUNCH_IMAGE", "registry.test:5000/team/launcher", "registry.test:5000/team/launcher"),
            ("LAUNCH_VERSION", "v7.2.0", "v7.2.0"),
            ("LAUNCH_VERSION", "22", "22"), ("CIRCUIT_TIMEOUT", "3000", 3000), ("REQUEST_RETRYDELAY", "0", 0),
            ("K8S_POD_STATUSQUERY_DELAY", "500", 500),
            ("K8S_HOST", "kubernetes.default:6443", "kubernetes.default:6443"),
            ("K8S_HOST", "http://127.0.0.1:8001/", "http://127.0.0.1:8001"),
            ("K8S_HOST", "https://[fd00::1]:6443", "https://[fd00::1]:6443"), ("K8S_HOST", "", "kubernetes.default"),
            ("K8S_TOKEN", "", nil),
            ("K8S_CPU_MICRO", "0.25", .number("0.25")), ("K8S_CPU_MICRO", ".5", .number("0.5")),
            ("K8S_MEMORY_MAX", "40", 40), ("K8S_CPU_LOW", "", 2),
            ("K8S_BUILD_TIMEOUT", "45.5", .number("45.5")), ("TERMINATION_GRACE_PERIOD_SECONDS", "0", 0),
            ("K8S_RUNTIME_CLASS", "", ""),
            ("K8S_RUNTIME_CLASS", "gvisor", "gvisor"),
            ("K8S_IMAGE_PULL_SECRET_NAME", "registry.login", "registry.login"),
            ("K8S_POD_IMAGE_PULL_POLICY", "IfNotPresent", "IfNotPresent"), ("K8S_LIFECYCLE_HOOKS", "{}", nil),
            ("K8S_LIFECYCLE_HOOKS", "", nil),
            (
                "K8S_LIFECYCLE_HOOKS", #"{"preStop":{"exec":{"command":["a"]}}}"#,
                ["preStop": ["exec": ["command": ["a"]]]]
            ),
            ("K8S_ANNOTATIONS", #"{"z.test/b":true,"a":1.50,"c":""}"#, ["z.test/b": "true", "a": "1.50", "c": ""]),
            ("K8S_ANNOTATIONS", " ", [:]),
            ("K8S_POD_LABELS", #"{"team":"_a b/c_"}"#, ["team": "_a b/c_"]),
            ("K8S_NODE_SELECTORS", #"{"pool":"builds","gpu":""}"#, ["pool": "builds", "gpu": ""]),
            ("K8S_SECRETS", "{}", []), ("K8S_SECRETS", "[{}]", []), ("K8S_SECRETS", "[]", []),
            ("K8S_VOLUME_MOUNTS", "", []),
            (
                "K8S_VOLUME_MOUNTS", #"[{},{"name":"a","mountPath":"/a","path":"/b","readOnly":"true"}]"#,
                [["name": "a", "mountPath": "/a", "path": "/b", "readOnly": true]]
            ),
            (
                "K8S_SECRETS_FILE", #"[{"name":"certs","mountPath":"/c","secretName":"s"}]"#,
                [["name": "certs", "mountPath": "/c", "secretName": "s"]]
            ),
            ("ECOSYSTEM_API", "https://api.test/", "https://api.test"),
            ("ECOSYSTEM_UI", "http://ui.test:8080/cd//", "http://ui.test:8080/cd"),
            ("ECOSYSTEM_PUSHGATEWAY_URL", "", ""),
            ("ECOSYSTEM_PUSHGATEWAY_URL", "http://push.test/?a=1&b=<2>", "http://push.test/?<redacted>"),
            ("ECOSYSTEM_PUSHGATEWAY_URL", "http://u:p@push.test", "http://<redacted>@push.test"),
            ("CACHE_PATH", "relative", "relative"),
            ("CACHE_MAX_SIZE_MB", "512", 512), ("PORT", "0", 0), ("STATUS_HOSTS", "", ""),
            ("STATUS_HOSTS", "a.test, b", "a.test,b"), ("HOST", "::", "::"), ("LOG_LEVEL", "Warning", "warning"),
            ("LOG_FORMAT", "text", "text"),
            ("DRAIN_TIMEOUT", "60", 60), ("ECOSYSTEM_API_HOSTS", "", ""), ("ECOSYSTEM_API_HOSTS", "[]", ""),
            ("ECOSYSTEM_API_HOSTS", "api.test, *.Builds.test,10.0.0.7", "api.test,*.Builds.test,10.0.0.7"),
            ("ECOSYSTEM_API_HOSTS", #"["api.test"]"#, "api.test"),
        ] as [(String, String, JSONValue)])
    func takes(_ variable: String, _ text: String, _ value: JSONValue) throws {
        #expect(try ConfigurationFixture.value(variable, ConfigurationFixture.load([variable: text])) == value)
    }

    @Test(arguments: [
        ("RABBITMQ_PROTOCOL", "http", "must be one of amqp, amqps"), ("RABBITMQ_PORT", "many", "from 1 to 65535"),
        ("RABBITMQ_PORT", "65536", "from 1 to 65535"),
        ("RABBITMQ_PORT", "tcp://10.0.0.7:5672", "enableServiceLinks"),
        ("RABBITMQ_PREFETCH_COUNT", "0", "from 1 to 65535"),
        ("RABBITMQ_PREFETCH_COUNT", "2.5", "whole number"), ("RABBITMQ_MSG_REPROCESS_LIMIT", "-1", "from 0 to 1000"),
        ("RABBITMQ_HOST", "a.test:5672", "use RABBITMQ_PORT"),
        ("RABBITMQ_HOST", "a.test,b.test:5673", "host 2 must not have a port: use RABBITMQ_PORT"),
        ("RABBITMQ_HOST", "[fd00::7]:5672", "use RABBITMQ_PORT"),
        ("RABBITMQ_HOST", "a.test,,b.test", "host 2 must be a host name"),
        ("RABBITMQ_HOST", "amqp://a.test", "host name alone"),
        ("RABBITMQ_RETRYQUEUE_ENABLED", "enabled", "must be on, true, yes, y or 1"),
        ("RABBITMQ_BUILD_INIT_TIMEOUT", "0", "greater than 0"),
        ("RABBITMQ_BUILD_INIT_TIMEOUT", "0.000001", "greater than 0"),
        ("RABBITMQ_BUILD_INIT_TIMEOUT", "5m", "number of minutes"),
        ("RABBITMQ_BUILD_INIT_TIMEOUT", "nan", "number of minutes"),
        ("RABBITMQ_QUEUE", "amq.builds", "amq."), ("RABBITMQ_VIRTUAL_HOST", "/a%zz", "%25"),
        ("RABBITMQ_VIRTUAL_HOST", "/a?heartbeat=5", "RABBITMQ_CONNECT_OPTIONS"),
        ("RABBITMQ_CONNECT_OPTIONS", #"{"heartbeatIntervalInSeconds":0}"#, "0 would switch heartbeats off"),
        (
            "RABBITMQ_CONNECT_OPTIONS", #"{"reconnectTimeInSeconds":"soon"}"#,
            "reconnectTimeInSeconds must be a whole number from 1 to 3600"
        ),
        ("RABBITMQ_CONNECT_OPTIONS", #"{"heartbeat":5}"#, #""heartbeat" is not known"#),
        ("RABBITMQ_CONNECT_OPTIONS", "{", "not valid JSON at byte 1"),
        ("EXECUTOR_PLUGIN", "k8s-vm", "k8s-vm needs K8S_BASE_IMAGE"),
        ("EXECUTOR_PLUGIN", "jenkins", "executor jenkins is not supported: use one of k8s, k8s-sandbox, k8s-vm"),
        ("WEIGHT_K8S_VM", "1", "k8s-vm needs K8S_BASE_IMAGE"), ("K8S_BASE_IMAGE", "an image", "an image's name"),
        ("K8S_DISK_LABEL", "a label", "a label's name"),
        ("K8S_VM_FALLBACK", "never", "must be one of fail, k8s"),
        ("EXECUTOR_PREFIX", "Blue-", "at most 30 lower case"), ("EXECUTOR_PREFIX", "-blue", "at most 30 lower case"),
        ("EXECUTOR_PREFIX", String(repeating: "a", count: 31), "at most 30 lower case"),
        ("LAUNCH_IMAGE", "launcher:v1", "without a tag"),
        ("LAUNCH_VERSION", "a/b", "image's tag"), ("CIRCUIT_TIMEOUT", "0", "greater than 0"),
        ("REQUEST_MAXATTEMPTS", "0", "from 1 to 100"),
        ("K8S_HOST", "https://kubernetes.test/api", "no path"), ("K8S_HOST", "kubernetes.test:99999", "host:port"),
        ("K8S_HOST", "ftp://kubernetes.test", "host:port"),
        ("K8S_JOBS_NAMESPACE", "Builds", "lower case"),
        ("K8S_POD_DNS_POLICY", "Nowhere", "ClusterFirst, ClusterFirstWithHostNet, Default"),
        ("K8S_CPU_MAX", "0", "greater than 0"), ("K8S_CPU_MAX", "-1", "greater than 0"),
        ("K8S_CPU_MAX", "0x10", "must be a number"),
        ("K8S_CPU_MAX", "1e3", "must be a number"), ("K8S_BUILD_TIMEOUT", "0", "greater than 0"),
        ("K8S_POD_LABELS", #"{"sdbuild":"x"}"#, "the worker finds and deletes a build's pods by it"),
        ("K8S_POD_LABELS", "[]", "must be a JSON object"),
        ("K8S_POD_LABELS", #"{"a":{}}"#, #""a" must be a text"#),
        ("K8S_POD_LABELS", #"{"a b":"x"}"#, #""a b" must be a name"#),
        ("K8S_POD_LABELS", #"{"a":"x","a":"y"}"#, #""a" must be there once"#),
        ("K8S_NODE_SELECTORS", #"{"pool":"a b"}"#, #""pool" must be empty, or letters"#),
        ("K8S_NODE_SELECTORS", "{", "not valid JSON"),
        ("K8S_LIFECYCLE_HOOKS", #"{"preStart":{}}"#, "postStart, preStop"),
        ("K8S_VOLUME_MOUNTS", #"{"name":"a"}"#, "must be a JSON array"),
        ("K8S_VOLUME_MOUNTS", #"["a"]"#, "[0] must be an object"),
        ("K8S_VOLUME_MOUNTS", #"[{},{"name":"a","path":"/b"}]"#, "[1].mountPath is missing"),
        (
            "K8S_VOLUME_MOUNTS", #"[{"name":"a","path":"b","mountPath":"/a"}]"#,
            "[0].path must be a path that begins with /"
        ),
        ("K8S_VOLUME_MOUNTS", #"[{"name":"a","path":"/b","mountPath":"/a","type":"Dir"}]"#, "[0].type must be one of"),
        (
            "K8S_VOLUME_MOUNTS", #"[{"name":"a","path":"/b","mountPath":"/a","readonly":true}]"#,
            "[0].readonly is not known"
        ),
        (
            "K8S_VOLUME_MOUNTS", #"[{"name":"workspace","path":"/b","mountPath":"/a"}]"#,
            "[0].name must not be workspace"
        ),
        ("K8S_SECRETS", #"[{"secret_env":"1A","secret_name":"s","secret_key":"k"}]"#, "[0].secret_env must be letters"),
        ("K8S_SECRETS", #"[{"secret_name":"s","secret_key":"k"}]"#, "[0].secret_env is missing"),
        (
            "K8S_SECRETS_FILE", #"[{"name":"a","mountPath":"/a","secretName":"s","readOnly":"maybe"}]"#,
            "[0].readOnly must be true or false"
        ),
        ("ECOSYSTEM_API", "api.test", "http:// or https://"), ("ECOSYSTEM_API", "https://u:p@api.test", "without user"),
        ("ECOSYSTEM_API", "https://api.test?a", "without user"),
        ("ECOSYSTEM_PUSHGATEWAY_URL", "push.test", "must be empty or"), ("CACHE_STRATEGY", "tape", "s3, disk"),
        ("CACHE_COMPRESS", "2", "must be on"),
        ("STATUS_HOSTS", "a.test:80", "must not have a port: it is good for any"),
        ("STATUS_HOSTS", "a,", "host 2 must be"),
        ("PORT", "65536", "from 0 to 65535"), ("HOST", "http://a", "address to listen on"),
        ("LOG_LEVEL", "loud", "trace, debug, info"),
        ("LOG_FORMAT", "xml", "json, text"), ("DRAIN_TIMEOUT", "0", "greater than 0"),
        ("K8S_TOKEN", "a b", "without spaces"),
    ])
    func refuses(_ variable: String, _ text: String, _ expectation: String) throws {
        let problems = ConfigurationFixture.problems([variable: text])
        let problem = try #require(problems.first)
        #expect(problems.count == 1)
        #expect(problem.origin == .variable(variable))
        #expect(problem.key != nil && problem.value != nil)
        #expect(problem.expectation.contains(expectation), "\(problem)")
    }

    @Test(
        arguments: ["on", "true", "yes", "y", "1", "ON", "True", " yes "],
        ["off", "false", "no", "n", "0", "OFF", "False", "No"])
    func readsBooleans(_ on: String, _ off: String) throws {
        let kubernetes = try ConfigurationFixture.configuration(["DOCKER_FEATURE_ENABLED": on, "SD_HAB_ENABLED": off])
            .executor.kubernetes
        #expect(kubernetes.dockerFeatureEnabled)
        #expect(!kubernetes.habitatEnabled)
    }

    /// As the path of `amqp://user:password@host:port<variable>`.
    @Test(arguments: [
        ("/screwdriver", "screwdriver"), ("screwdriver", "screwdriver"), ("/", "/"), ("", "/"), ("/%2F", "/"),
        ("%2f", "/"), ("//a", "/a"), ("/a/b", "a/b"),
        ("/a%20b%C3%A9", "a bé"), ("/a+b", "a+b"),
    ])
    func readsVhosts(_ path: String, _ name: String) throws {
        #expect(try ConfigurationFixture.configuration(["RABBITMQ_VIRTUAL_HOST": path]).rabbitmq.vhost == name)
    }

    @Test func readsDurations() throws {
        let configuration = try ConfigurationFixture.configuration([
            "RABBITMQ_BUILD_INIT_TIMEOUT": "0.05", "CIRCUIT_TIMEOUT": "1500", "RABBITMQ_RETRY_DELAY_SECONDS": "0.5",
            "DRAIN_TIMEOUT": "3",
        ])
        #expect(configuration.rabbitmq.initTimeout == .seconds(3))
        #expect(
            try ConfigurationFixture.configuration(["RABBITMQ_BUILD_INIT_TIMEOUT": "0.033333"]).rabbitmq.initTimeout
                == .seconds(2))
        #expect(configuration.executor.kubernetes.requestTimeout == .milliseconds(1500))
        #expect(configuration.rabbitmq.retryDelay == .milliseconds(500))
        #expect(configuration.drainTimeout == .seconds(3))
    }

    @Test func connectOptionsKeepWhatTheyDoNotName() throws {
        let rabbitmq = try ConfigurationFixture.configuration([
            "RABBITMQ_CONNECT_OPTIONS": #"{"json":true,"heartbeatIntervalInSeconds":"7"}"#
        ]).rabbitmq
        #expect(rabbitmq.heartbeat == .seconds(7))
        #expect(rabbitmq.reconnectLimit == .seconds(30))
    }

    @Test func mapsKeepTheirOrder() throws {
        let labels = try ConfigurationFixture.configuration(["K8S_POD_LABELS": #"{"z":1,"a":2,"m":3}"#]).executor
            .kubernetes.podLabels
        #expect(labels.map(\.name) == ["z", "a", "m"])
        #expect(labels.map(\.value) == ["1", "2", "3"])
    }

    /// `kubectl create secret --from-file` leaves one, and what is refused with it does not say why.
    @Test(arguments: [
        ("RABBITMQ_USERNAME", "hunter2\n"), ("RABBITMQ_PASSWORD", " hunter2\r\n"),
        ("RABBITMQ_PASSWORD", "hunter2 \n\n"), ("K8S_TOKEN", "hunter2\n"),
        ("K8S_PROXY", "http://u:hunter2@proxy:3128\n"), ("ECOSYSTEM_PROXY", "http://u:hunter2@proxy:3128\n"),
    ])
    func credentialsLoseTheirLineBreakAndItIsSaid(_ variable: String, _ text: String) throws {
        let loaded = try ConfigurationFixture.load([variable: text, "K8S_CA_FILE": PEMFixture.certificates])
        #expect(
            loaded.notes.count == 1
                && loaded.notes.joined().contains("(variable \(variable)) ends with a line break, which is taken off"))
        #expect(!loaded.notes.joined().contains("hunter2"))
        let expected = text.trimmingCharacters(in: .newlines)
        let configuration = loaded.configuration
        let values = [
            configuration.rabbitmq.username, configuration.rabbitmq.password.exposed,
            configuration.executor.kubernetes.token?.exposed,
            configuration.executor.kubernetes.proxy?.exposed, configuration.ecosystem.proxy?.exposed,
        ]
        #expect(values.contains(expected), "nothing but the line break")
        try ConfigurationFixture.withFile("rabbitmq: { password: \"hunter2\\n\" }") { file in
            let loaded = try ConfigurationFixture.load(file: file)
            #expect(loaded.configuration.rabbitmq.password == Secret("hunter2") && loaded.notes.count == 1)
        }
    }

    @Test func everyCredentialIsOfTheKind() {
        #expect(Setting.known.filter { $0.isSecret && !$0.isCredential }.isEmpty)
        #expect(Setting.all.filter(\.isCredential).count == 5, "the table above has a row for each")
    }
}
