import Foundation
import Testing

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ

/// The table of keys, `Config/default.yaml`, `Config/environment.yaml`, the structs' own defaults and the documentation say the same.
@Suite struct ConfigurationTableTests {
    @Test func defaultsOfTheFileAreThoseOfTheStructs() throws {
        let loaded = try ConfigurationFixture.load()
        let structs = ConfigurationReport(WorkerConfiguration(), variables: [:], origins: [:])
        #expect(loaded.report.rows.map(\.value) == structs.rows.map(\.value))
        #expect(loaded.configuration.rabbitmq.password == WorkerConfiguration().rabbitmq.password)
        #expect(loaded.configuration.executor.kubernetes.token == nil)
        #expect(loaded.notes.isEmpty)
        #expect(loaded.report.rows.allSatisfy { $0.origin == .default })
    }

    @Test func everyKeyHasAVariableOfItsOwn() throws {
        let map = VariableMap(path: "\(ConfigurationFixture.directory)/environment.yaml")
        #expect(map.problems.isEmpty)
        #expect(Set(map.variables.keys) == Set(Setting.all.map(\.key)))
        #expect(Set(map.variables.values).count == Setting.all.count)
    }

    /// Those of the worker we succeed, and ours.
    @Test func knowsEveryVariable() throws {
        let expected = """
            RABBITMQ_PROTOCOL RABBITMQ_USERNAME RABBITMQ_PASSWORD RABBITMQ_HOST RABBITMQ_PORT RABBITMQ_VIRTUAL_HOST RABBITMQ_CONNECT_OPTIONS
            RABBITMQ_QUEUE RABBITMQ_PREFETCH_COUNT RABBITMQ_MSG_REPROCESS_LIMIT RABBITMQ_RETRYQUEUE RABBITMQ_RETRYQUEUE_ENABLED RABBITMQ_EXCHANGE
            RABBITMQ_BUILD_INIT_TIMEOUT EXECUTOR_PLUGIN WEIGHT_K8S K8S_EXECUTOR_EXCLUSION WEIGHT_K8S_SANDBOX K8S_SANDBOX_EXECUTOR_EXCLUSION
            WEIGHT_K8S_VM K8S_VM_EXECUTOR_EXCLUSION K8S_VM_FALLBACK K8S_BASE_IMAGE K8S_DISK_LABEL K8S_DISK_SPEED_LABEL K8S_VM_BUILD_TIMEOUT
            K8S_VM_MAX_BUILD_TIMEOUT K8S_VM_NODE_SELECTORS K8S_VM_PREFERRED_NODE_SELECTORS
            K8S_SANDBOX_NODE_SELECTORS K8S_SANDBOX_PREFERRED_NODE_SELECTORS K8S_HOST K8S_SECURITYCONTEXT_PRIVILEGED K8S_TOKEN K8S_JOBS_NAMESPACE K8S_SERVICE_ACCOUNT_NAME K8S_BUILD_TOKEN
            K8S_POD_DNS_POLICY K8S_POD_IMAGE_PULL_POLICY K8S_AUTOMOUNT_SERVICE_ACCOUNT_TOKEN DOCKER_FEATURE_ENABLED K8S_DOCKER_IMAGE K8S_DOCKER_ROOTLESS_IMAGE K8S_BUILDKIT_IMAGE ROOTLESS_BUILDKIT_FEATURE_ENABLED K8S_CPU_MICRO K8S_CPU_LOW
            K8S_CPU_HIGH K8S_CPU_TURBO K8S_CPU_MAX K8S_MEMORY_MICRO K8S_MEMORY_LOW K8S_MEMORY_HIGH K8S_MEMORY_TURBO K8S_MEMORY_MAX K8S_BUILD_TIMEOUT
            K8S_MAX_BUILD_TIMEOUT TERMINATION_GRACE_PERIOD_SECONDS K8S_LIFECYCLE_HOOKS K8S_POD_LABELS K8S_NODE_SELECTORS K8S_PREFERRED_NODE_SELECTORS
            K8S_ANNOTATIONS K8S_RUNTIME_CLASS K8S_IMAGE_PULL_SECRET_NAME K8S_VOLUME_MOUNTS K8S_POD_STATUSQUERY_DELAY K8S_SECRETS K8S_SECRETS_FILE
            LAUNCH_IMAGE LAUNCH_VERSION EXECUTOR_PREFIX CIRCUIT_TIMEOUT REQUEST_RETRYDELAY REQUEST_MAXATTEMPTS SD_HAB_ENABLED ECOSYSTEM_UI ECOSYSTEM_API
            ECOSYSTEM_STORE ECOSYSTEM_PUSHGATEWAY_URL CACHE_STRATEGY CACHE_PATH CACHE_COMPRESS CACHE_MD5CHECK CACHE_MAX_SIZE_MB CACHE_MAX_GO_THREADS PORT
            HOST STATUS_PORT STATUS_HOST STATUS_HOSTS RABBITMQ_CA_FILE RABBITMQ_CERT_FILE RABBITMQ_KEY_FILE RABBITMQ_MANAGEMENT_URL ECOSYSTEM_CA_FILE RABBITMQ_VERIFY_LIMIT RABBITMQ_RETRY_DELAY_SECONDS
            K8S_TOKEN_FILE K8S_CA_FILE
            K8S_CLIENT_CERT_FILE K8S_CLIENT_KEY_FILE K8S_PROXY ECOSYSTEM_PROXY LOG_FORMAT LOG_LEVEL SPOOL_DIRECTORY DRAIN_TIMEOUT
            CONCURRENCY_START CONCURRENCY_STOP CONCURRENCY_VERIFY CONCURRENCY_CLEAR STATSD_HOST STATSD_PORT STATSD_PREFIX JANITOR_INTERVAL POD_TTL REPORTS_KEEP_DAYS
            EVENTS_EXCHANGE HOOK_COMMAND RABBITMQ_MAX_MESSAGE_BYTES RABBITMQ_HEAL_TIMEOUT ECOSYSTEM_API_PATIENCE ECOSYSTEM_API_HOSTS HOOK_EVENTS SPOOL_ATTEMPTS SPOOL_RETRY_INTERVAL SPOOL_TIME_LIMIT
            """
        let names = Set(expected.split(whereSeparator: \.isWhitespace).map(String.init))
        #expect(names == Set(VariableMap(path: "\(ConfigurationFixture.directory)/environment.yaml").variables.values))
    }

    /// What an operator is told to switch on is there.
    @Test func theSecurityPageNamesOurVariables() throws {
        let page = try String(
            contentsOf: ConfigurationFixture.root.appendingPathComponent("docs/security.md"), encoding: .utf8)
        let known = Set(VariableMap(path: "\(ConfigurationFixture.directory)/environment.yaml").variables.values)
        let named = Set(page.matches(of: /`([A-Z0-9]+(?:_[A-Z0-9]+)*)(?:=[^`]*)?`/).map { String($0.output.1) })
        #expect(named.contains("K8S_BUILD_TOKEN"))
        for name in named {
            let isFile = name.hasSuffix("_FILE") && known.contains(String(name.dropLast(5)))
            #expect(known.contains(name) || isFile, "\(name)")
        }
    }

    @Test func onlySecretsAreRedacted() throws {
        #expect(
            Setting.known.filter(\.isSecret).map(\.key)
                == [
                    "rabbitmq.password", "executor.k8s.options.kubernetes.token",
                    "executor.k8s.options.kubernetes.proxy", "ecosystem.proxy",
                    "executor.k8s-sandbox.options.kubernetes.token", "executor.k8s-sandbox.options.kubernetes.proxy",
                    "executor.k8s-vm.options.kubernetes.token", "executor.k8s-vm.options.kubernetes.proxy",
                ])
    }

    @Test(arguments: [
        ("default.yaml", "port: 8080", "prt: 8080", "httpd.prt", "Is httpd.port meant?"),
        ("default.yaml", "port: 8080", "", "httpd.port", "is missing here"),
        ("default.yaml", "port: 8080", "port: many", "httpd.port", "must be a whole number"),
        ("environment.yaml", "host: HOST", "", "httpd.host", "has no variable here"),
        (
            "environment.yaml", "host: HOST", "host: { name: HOST, format: json }", "httpd.host",
            "must be a variable's name"
        ),
        ("environment.yaml", "host: HOST", "host: PORT", "httpd.host", "PORT must not also set httpd.port"),
        ("environment.yaml", "host: HOST", "host: HOST\n  uri: URI", "httpd.uri", "is not a key"),
        (
            "environment.yaml", "{ name: K8S_SECRETS, format: json }", "K8S_SECRETS",
            "executor.k8s.options.kubernetes.buildSecrets", "format: json"
        ),
    ])
    func refusesFilesOfAnotherVersion(
        _ file: String, _ text: String, _ replacement: String, _ key: String, _ expectation: String
    ) throws {
        var files: [String: String] = [:]
        for name in ["default.yaml", "environment.yaml"] {
            files[name] = try String(contentsOfFile: "\(ConfigurationFixture.directory)/\(name)", encoding: .utf8)
        }
        let original = try #require(files[file])
        #expect(original.contains(text))
        files[file] = original.replacing(text, with: replacement)
        try ConfigurationFixture.withDirectory(files) { directory in
            let problem = try #require(ConfigurationFixture.problems(directory: directory).first { $0.key == key })
            #expect(problem.origin == .file("\(directory)/\(file)"))
            #expect(problem.expectation.contains(expectation), "\(problem)")
        }
    }
}
