import BuildWorker
import Foundation
import Testing

@Suite struct ConfigurationLayerTests {
    @Test func variablesOverrideTheFileAndTheFileTheDefaults() throws {
        let yaml = """
            rabbitmq: {port: 1111, queue: fromFile, host: [a, b], connectOptions: {heartbeatIntervalInSeconds: 7}}
            httpd:
            executor: {k8s: {options: {kubernetes: {podLabels: {z: 1, a: true}, lifecycleHooks: {preStop: {sleep: {seconds: 5}}}}}}}
            """
        let loaded = try ConfigurationFixture.load(
            yaml: yaml, ["RABBITMQ_PORT": "2222", "RABBITMQ_CONNECT_OPTIONS": #"{"reconnectTimeInSeconds":9}"#])
        let rabbitmq = loaded.configuration.rabbitmq
        #expect(rabbitmq.port == 2222)
        #expect(rabbitmq.queue == "fromFile")
        #expect(rabbitmq.hosts == ["a", "b"])
        #expect(rabbitmq.heartbeat == .seconds(7))
        #expect(rabbitmq.reconnectLimit == .seconds(9))
        #expect(loaded.configuration.executor.kubernetes.podLabels.map { "\($0)=\($1)" } == ["z=1", "a=true"])
        #expect(loaded.configuration.executor.kubernetes.lifecycleHooks == ["preStop": ["sleep": ["seconds": 5]]])
        let origins = Dictionary(uniqueKeysWithValues: loaded.report.rows.map { ($0.key, $0.origin) })
        #expect(origins["rabbitmq.port"] == "environment")
        #expect(origins["rabbitmq.queue"]?.hasSuffix(".yaml") == true)
        #expect(origins["rabbitmq.exchange"] == "default")
    }

    @Test(arguments: [
        ("rabbitmq: {prot: 1}", "rabbitmq.prot", "did you mean rabbitmq.port?"),
        ("rabitmq: {port: 1}", "rabitmq", "did you mean rabbitmq?"),
        ("prefetchCount: 1", "prefetchCount", "did you mean rabbitmq.prefetchCount?"), ("unheard: 1", "unheard", "no such key"),
        ("rabbitmq: 5", "rabbitmq", "mapping"), ("rabbitmq: {port: [1]}", "rabbitmq.port", "1 to 65535"), ("- a", "", "mapping"),
        ("a: [", "", "is not YAML"), ("rabbitmq: {port: 1, port: 2}", "", "repeated"),
        ("drainTimeout: 5", "drainTimeout", "drainTimeoutSeconds"),
    ])
    func refusesFiles(_ yaml: String, _ key: String, _ expectation: String) throws {
        let problems = try ConfigurationFixture.problems(yaml: yaml)
        #expect(problems.count == 1)
        #expect(problems.first?.key == key)
        #expect(problems.first?.expectation.contains(expectation) == true, "\(problems)")
        #expect(problems.first?.origin.hasSuffix(".yaml") == true)
    }

    @Test(arguments: ["rabbitmq: {password: hush, password: hush}", "rabbitmq: {password: \"hush}", "rabbitmq: {pasword: hush}"])
    func brokenFilesShowNoSecrets(_ yaml: String) throws {
        let problems = try ConfigurationFixture.problems(yaml: yaml)
        #expect(!problems.isEmpty)
        #expect(!problems.description.contains("hush"))
    }

    @Test(arguments: ["", "# nothing\n", "~", "rabbitmq:\n", "rabbitmq: {port: ~}"])
    func acceptsFilesThatSetNothing(_ yaml: String) throws {
        #expect(try ConfigurationFixture.load(yaml: yaml).configuration.rabbitmq.port == 5672)
    }

    @Test func refusesAFileThatIsNotThere() {
        #expect(throws: ConfigurationError.self) {
            try ConfigurationLoader(directory: ConfigurationFixture.directory).load(file: "/nowhere.yaml", environment: [:])
        }
    }

    @Test func notesVariablesOfOtherExecutors() throws {
        let names = ["K8S_VM_BUILD_TIMEOUT", "K8S_BASE_IMAGE", "K8S_SANDBOX_NODE_SELECTORS", "WEIGHT_K8S", "K8S_EXECUTOR_EXCLUSION", "URI"]
        let loaded = try ConfigurationFixture.load(Dictionary(uniqueKeysWithValues: names.map { ($0, "x") }))
        #expect(loaded.notes.map { String($0.prefix { $0 != " " }) } == names.sorted())
    }

    @Test(arguments: ["{}", "[]", "[{}]", " [ { } ] "])
    func acceptsNoMounts(_ text: String) throws {
        let environment = ["K8S_VOLUME_MOUNTS": text, "K8S_SECRETS": text, "K8S_SECRETS_FILE": text]
        let kubernetes = try ConfigurationFixture.load(environment).configuration.executor.kubernetes
        #expect(kubernetes.volumeMounts.isEmpty && kubernetes.buildSecrets.isEmpty && kubernetes.buildSecretsFile.isEmpty)
    }

    @Test func readsMountsAndSecrets() throws {
        let kubernetes = try ConfigurationFixture.load([
            "K8S_VOLUME_MOUNTS": #"[{"name":"kvm","mountPath":"/dev/kvm","path":"/dev/kvm/","type":"CharDevice","readOnly":true}]"#,
            "K8S_SECRETS": #"[{"secret_env":"A","secret_name":"b","secret_key":"c"}]"#,
            "K8S_SECRETS_FILE": #"[{"name":"a","mountPath":"/a","secretName":"s"}]"#,
        ]).configuration.executor.kubernetes
        #expect(
            kubernetes.volumeMounts == [.init(name: "kvm", mountPath: "/dev/kvm", path: "/dev/kvm/", type: "CharDevice", readOnly: true)])
        #expect(kubernetes.buildSecrets == [.init(variable: "A", secretName: "b", key: "c")])
        #expect(kubernetes.buildSecretsFile == [.init(name: "a", mountPath: "/a", secretName: "s")])
    }
}
