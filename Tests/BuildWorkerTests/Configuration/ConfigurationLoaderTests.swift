import Testing

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ
@testable import Support

@Suite struct ConfigurationLoaderTests {
    @Test func variablesGoBeforeTheFileAndTheFileBeforeDefaults() throws {
        let text = """
            rabbitmq:
              host: [a.test, b.test]
              port: 5673
              prefetchCount: "7"
              connectOptions: { reconnectTimeInSeconds: 3 }
              retryQueueEnabled: off
              password: ~
            executor: { k8s: { options: { kubernetes: { podLabels: { z: 1.10, a: yes }, buildSecrets: [{ secret_env: A, secret_name: b, secret_key: c }] } } } }
            """
        try ConfigurationFixture.withFile(text) { file in
            let loaded = try ConfigurationFixture.load(
                [
                    "RABBITMQ_PORT": "5674", "RABBITMQ_CONNECT_OPTIONS": #"{"heartbeatIntervalInSeconds":2}"#,
                    "RABBITMQ_PREFETCH_COUNT": "",
                ], file: file)
            let rabbitmq = loaded.configuration.rabbitmq
            #expect(rabbitmq.hosts == ["a.test", "b.test"])
            #expect(rabbitmq.port == 5674)
            #expect(rabbitmq.prefetchCount == 7)
            #expect((rabbitmq.heartbeat, rabbitmq.reconnectLimit) == (.seconds(2), .seconds(3)))
            #expect(!rabbitmq.retryQueueEnabled)
            #expect(rabbitmq.password == Secret("bar"))
            let kubernetes = loaded.configuration.executor.kubernetes
            #expect(kubernetes.podLabels.map(\.name) == ["z", "a"])
            #expect(kubernetes.podLabels.map(\.value) == ["1.10", "yes"])
            #expect(kubernetes.buildSecrets == [.init(variable: "A", secretName: "b", key: "c")])
            func origin(_ key: String) -> String? { loaded.report.rows.first { $0.key == key }?.origin.description }
            #expect(origin("rabbitmq.host") == "file \(file)")
            #expect(origin("rabbitmq.port") == "variable RABBITMQ_PORT")
            #expect(origin("rabbitmq.prefetchCount") == "file \(file)")
            #expect(origin("rabbitmq.queue") == "default")
        }
    }

    /// Hooks pass on what they hold, with YAML's plain scalars as JSON has them.
    @Test func hooksOfAFileAreDocuments() throws {
        let text =
            "executor: { k8s: { options: { kubernetes: { lifecycleHooks: { preStop: { httpGet: { path: /, port: 8080, scheme: 'true', host: ~ } } } } } } }"
        try ConfigurationFixture.withFile(text) { file in
            let hooks = try ConfigurationFixture.configuration(file: file).executor.kubernetes.lifecycleHooks
            #expect(hooks == ["preStop": ["httpGet": ["path": "/", "port": 8080, "scheme": "true", "host": nil]]])
        }
    }

    @Test(arguments: ["", "# nothing\n", "~\n", "rabbitmq:\n", "{}"])
    func takesEmptyFiles(_ text: String) throws {
        try ConfigurationFixture.withFile(text) { file in
            let loaded = try ConfigurationFixture.load(file: file)
            #expect(loaded.report.rows.allSatisfy { $0.origin == .default })
        }
    }

    @Test(
        arguments: [
            ("rabbitmq: { hots: a }", "rabbitmq.hots", "is not a known key. Is rabbitmq.host meant?"),
            ("rabitmq: { host: a }", "rabitmq", "Is rabbitmq meant?"),
            ("rabbitmq: { pasword: hunter2 }", "rabbitmq.pasword", "Is rabbitmq.password meant?"),
            (
                "executor: { k8s: { options: { jobsNamespace: a } } }", "executor.k8s.options.jobsNamespace",
                "Is executor.k8s.options.kubernetes.jobsNamespace meant?"
            ),
            ("colour: blue", "colour", "is not a known key"), ("rabbitmq: 5", "rabbitmq", "must be a map"),
            ("rabbitmq: { port: [1] }", "rabbitmq.port", "whole number"),
            ("rabbitmq: { password: [hunter2] }", "rabbitmq.password", "must be one text"),
            ("[1]", nil, "must be a map of keys"), ("a: [", nil, "is not valid YAML"),
            ("password: hunter2\n  host: a", nil, "is not valid YAML: mapping values are not allowed"),
            ("rabbitmq: { port: 1, port: 2 }", nil, "the same key twice (port)"),
            ("httpd: { port: \"\u{1}\" }", nil, "is not valid YAML"),
        ] as [(String, String?, String)])
    func refusesFiles(_ text: String, _ key: String?, _ expectation: String) throws {
        try ConfigurationFixture.withFile(text) { file in
            let problems = ConfigurationFixture.problems(file: file)
            let problem = try #require(problems.first)
            #expect(problems.count == 1)
            #expect(problem.origin == .file(file))
            #expect(problem.key == key)
            #expect(problem.expectation.contains(expectation), "\(problem)")
            #expect(!"\(problem)".contains("hunter2"))
        }
    }

    @Test func refusesAFileThatIsNotThere() {
        let problems = ConfigurationFixture.problems(["PORT": "many"], file: "/nowhere/worker.yaml")
        #expect(problems.map(\.origin) == [.file("/nowhere/worker.yaml"), .variable("PORT")])
        #expect(problems.first?.expectation.contains("cannot be read") == true)
    }

    @Test func namesEveryProblemAtOnce() throws {
        try ConfigurationFixture.withFile("log: { level: loud }\nrabbitmq: { port: 0 }") { file in
            let problems = ConfigurationFixture.problems(
                [
                    "RABBITMQ_PREFETCH_COUNT": "0", "EXECUTOR_PLUGIN": "jenkins", "RABBITMQ_PROTOCOL": "amqps",
                    "CACHE_STRATEGY": "disk", "CACHE_PATH": "/a/../b",
                    "K8S_VOLUME_MOUNTS": #"[{"name":"A"},{"path":"/b"}]"#,
                ], file: file)
            #expect(
                problems.map { "\($0.key ?? "") \($0.expectation.prefix(14))" } == [
                    "rabbitmq.protocol amqps needs RA", "rabbitmq.port must be a whol",
                    "rabbitmq.prefetchCount must be a whol",
                    "executor.plugin executor jenki", "executor.k8s.options.kubernetes.volumeMounts [0].name must ",
                    "executor.k8s.options.kubernetes.volumeMounts [0].mountPath ",
                    "executor.k8s.options.kubernetes.volumeMounts [0].path is mi",
                    "executor.k8s.options.kubernetes.volumeMounts [1].name is mi",
                    "executor.k8s.options.kubernetes.volumeMounts [1].mountPath ",
                    "ecosystem.cache.path must be a path", "log.level must be one of",
                ])
            let text = ConfigurationError(problems).description
            #expect(
                text.contains(
                    "- variable RABBITMQ_PREFETCH_COUNT (rabbitmq.prefetchCount): \"0\": must be a whole number from 1 to 65535"
                ))
            #expect(text.contains("- file \(file) (log.level): \"loud\": must be one of trace"))
        }
    }

    @Test(arguments: [
        (["RABBITMQ_PROTOCOL": "amqps"], "rabbitmq.protocol", "amqps needs RABBITMQ_CA_FILE"),
        (
            ["RABBITMQ_PROTOCOL": "amqps", "RABBITMQ_CA_FILE": "/nowhere/ca.pem"], "rabbitmq.caFile",
            "a file that can be read"
        ),
        (["RABBITMQ_CERT_FILE": "/dev/null"], "rabbitmq.certFile", "must not be set without amqps"),
        (
            ["RABBITMQ_MANAGEMENT_URL": "http://me:secret@rabbitmq:15672"], "rabbitmq.managementUrl",
            "without user, password"
        ),
        (
            ["RABBITMQ_MANAGEMENT_URL": "rabbitmq:15672"], "rabbitmq.managementUrl",
            "must be empty or an http:// or https:// address"
        ),
        (
            ["RABBITMQ_PROTOCOL": "amqps", "RABBITMQ_CA_FILE": "/dev/null", "RABBITMQ_CERT_FILE": "/dev/null"],
            "rabbitmq.certFile", "together with RABBITMQ_KEY_FILE"
        ),
        (
            ["RABBITMQ_PROTOCOL": "amqps", "RABBITMQ_CA_FILE": "/dev/null", "RABBITMQ_KEY_FILE": "/dev/null"],
            "rabbitmq.keyFile", "together with RABBITMQ_CERT_FILE"
        ),
        (
            [
                "RABBITMQ_PROTOCOL": "amqps", "RABBITMQ_CA_FILE": "/dev/null", "RABBITMQ_CERT_FILE": "/dev/null",
                "RABBITMQ_KEY_FILE": "/nowhere/key.pem",
            ],
            "rabbitmq.keyFile", "a file that can be read"
        ),
        (
            ["ECOSYSTEM_CA_FILE": "/nowhere/ca.pem"], "ecosystem.caFile",
            "must be a PEM file with certificates, but /nowhere/ca.pem cannot be read"
        ),
        (["K8S_CA_FILE": PEMFixture.key], "executor.k8s.options.kubernetes.caFile", "holds no certificate"),
        (
            ["K8S_CLIENT_KEY_FILE": PEMFixture.certificates, "K8S_CLIENT_CERT_FILE": PEMFixture.certificates],
            "executor.k8s.options.kubernetes.clientKeyFile", "holds no unencrypted private key"
        ),
        (
            ["K8S_CLIENT_CERT_FILE": PEMFixture.certificates], "executor.k8s.options.kubernetes.clientCertFile",
            "must be set together with clientKeyFile"
        ),
        (["K8S_PROXY": "socks5://proxy:1080"], "executor.k8s.options.kubernetes.proxy", "http://host:port"),
        (["K8S_PROXY": "http://user:p@ss@proxy:3128"], "executor.k8s.options.kubernetes.proxy", "percent-encoded"),
        (["K8S_PROXY": "http://user:secret%01@proxy:3128"], "executor.k8s.options.kubernetes.proxy", "percent-encoded"),
        (["ECOSYSTEM_PROXY": "proxy:3128"], "ecosystem.proxy", "http://host:port"),
        (["CACHE_STRATEGY": "disk", "CACHE_PATH": "cache"], "ecosystem.cache.path", "begins with /"),
        (["RABBITMQ_QUEUE": "a", "RABBITMQ_RETRYQUEUE": "a"], "rabbitmq.retryQueue", "must be another queue than a"),
        (["RABBITMQ_QUEUE": "a", "RABBITMQ_RETRYQUEUE": "a.wait"], "rabbitmq.retryQueue", "must be another queue"),
        (
            [
                "K8S_VOLUME_MOUNTS":
                    #"[{"name":"a","path":"/b","mountPath":"/a"},{"name":"a","path":"/b","mountPath":"/c"}]"#
            ],
            "executor.k8s.options.kubernetes.volumeMounts", #"the name "a" must be there once"#
        ),
        (
            [
                "K8S_VOLUME_MOUNTS": #"[{"name":"a","path":"/b","mountPath":"/a"}]"#,
                "K8S_SECRETS_FILE": #"[{"name":"b","secretName":"b","mountPath":"/a"}]"#,
            ],
            "executor.k8s.options.kubernetes.buildSecretsFile", #"the mountPath "/a" must be there once"#
        ),
    ])
    func refusesWhatDoesNotGoTogether(_ environment: [String: String], _ key: String, _ expectation: String) throws {
        let problems = ConfigurationFixture.problems(environment)
        #expect(problems.map(\.key) == [key])
        #expect(problems.first?.expectation.contains(expectation) == true, "\(problems)")
    }

    @Test func takesTLSWithAnAuthority() throws {
        try ConfigurationFixture.withFile("a certificate") { file in
            let rabbitmq = try ConfigurationFixture.configuration([
                "RABBITMQ_PROTOCOL": "amqps", "RABBITMQ_CA_FILE": file,
            ]).rabbitmq
            #expect(rabbitmq.caFile == file)
        }
    }

    @Test func ignoresWhatConcernsOthersAndSaysSo() throws {
        let environment = [
            "K8S_VM_HOST": "x", "K8S_SANDBOX_HOST": "x", "WEIGHT_JENKINS": "x", "URI": "x",
            "EXECUTOR_JENKINS_PASSWORD": "hunter2",
            "RABBITMQ_PREFECTH_COUNT": "hunter2", "RABBITMQ_SERVICE_HOST": "10.0.0.7", "HOME": "/root", "PATH": "/bin",
        ]
        let text = """
            executor: { k8s-vm: { options: { sdHabEnabled: true, kubernetes: { podLabels: { a: b }, privileged: true } } }, k8s: { pluginName: k8s }, k8s-sandbox: { pluginName: k8s } }
            httpd: { uri: http://a }
            """
        try ConfigurationFixture.withFile(text) { file in
            let notes = try ConfigurationFixture.load(environment, file: file).notes
            let other = try #require(notes.first { $0.contains("WEIGHT_JENKINS") })
            #expect(
                other.contains("EXECUTOR_JENKINS_PASSWORD")
                    && other.hasSuffix(
                        "are ignored: it only concerns an executor other than k8s, k8s-sandbox and k8s-vm")
            )
            #expect(notes.count == 7, "one a reason: \(notes)")
            #expect(notes.contains { $0.hasPrefix("httpd.uri (file \(file)), URI are ignored") })
            #expect(
                notes.contains {
                    $0.contains("executor.k8s-vm.options.kubernetes.podLabels (file \(file))")
                        && $0.hasSuffix("the pod of a VM has nothing of the kind")
                })
            #expect(
                notes.contains("RABBITMQ_PREFECTH_COUNT is not a known variable. Is RABBITMQ_PREFETCH_COUNT meant?"))
            #expect(notes.contains { $0.contains("executor.k8s-sandbox.pluginName (file \(file)) are ignored") })
            #expect(!notes.joined().contains("hunter2"))
        }
    }

    @Test func notesOddCredentials() throws {
        let notes = try ConfigurationFixture.load(["RABBITMQ_PASSWORD": "hunter%402\n"]).notes
        #expect(notes.count == 2 && notes.contains { $0.contains("percent sign") })
        #expect(!notes.joined().contains("hunter"))
    }

    /// A file that says whom to trust, and does not count, or is not there.
    @Test(arguments: [
        (["K8S_TOKEN": "t"], "\(KubernetesOptions.mountedAuthorities) is not there for the API server of k8s"),
        (["K8S_TOKEN_FILE": "/etc/passwd"], "K8S_CA_FILE names its own"),
        (["K8S_HOST": "http://k8s.test", "K8S_CA_FILE": "/ca.pem"], "(/ca.pem) is not looked at"),
        (["RABBITMQ_CA_FILE": "/ca.pem"], "(/ca.pem) is not looked at without amqps"),
    ])
    func notesWhatIsNotChecked(_ environment: [String: String], _ words: String) throws {
        let notes = try ConfigurationFixture.load(environment).notes
        #expect(notes.count == 1 && notes[0].contains(words), "\(notes)")
    }

    @Test func knowsWhichVariablesHoldSecrets() throws {
        let loaded = try ConfigurationFixture.load()
        #expect(loaded.secretVariables == ["NODE_CONFIG"], "those that are not set hold none")
        let set = try ConfigurationFixture.load([
            "RABBITMQ_PASSWORD": "a", "K8S_PROXY": "http://a:b@c:1", "ECOSYSTEM_PROXY": "http://a:b@c:1",
            "RABBITMQ_HOST": "a",
        ])
        #expect(set.secretVariables == ["NODE_CONFIG", "RABBITMQ_PASSWORD", "K8S_PROXY", "ECOSYSTEM_PROXY"])
    }

    /// Whatever is wrong, and however it is printed.
    @Test func secretsAppearNowhere() throws {
        let secret = "hunter2"
        let wrong = ConfigurationFixture.problems([
            "K8S_TOKEN": "\(secret) \(secret)", "RABBITMQ_HOST": "amqp://guest:\(secret)@a.test",
            "ECOSYSTEM_API": "https://u:\(secret)@a.test",
            "K8S_HOST": "admin:\(secret)@k8s.test",
            "RABBITMQ_CONNECT_OPTIONS": #"{"credentials":{"username":"a","password":"\#(secret)"}}"#,
            "ECOSYSTEM_STORE": "https://a.test/?token=\(secret)", "ECOSYSTEM_UI": "a.test//x#\(secret)",
            "HOOK_COMMAND": #"["hook","-p","\#(secret)"]"#,
            "K8S_SECRETS": #"{"sshKey":"\#(secret)"}"#, "K8S_LIFECYCLE_HOOKS": #"{"env":[{"value":"\#(secret)"}"#,
            "K8S_VOLUME_MOUNTS": #"[{"\#(secret)"#,
        ])
        #expect(Set(wrong.map(\.key)).count == 11, "\(wrong)")
        #expect(wrong.first { $0.key?.hasSuffix(".token") == true }?.value == "<redacted>")
        let loaded = try ConfigurationFixture.load([
            "RABBITMQ_PASSWORD": secret, "K8S_TOKEN": secret,
            "ECOSYSTEM_PUSHGATEWAY_URL": "http://u:\(secret)@push.test",
        ])
        for text in ["\(ConfigurationError(wrong))", "\(wrong)", loaded.report.table, loaded.report.document.text()] {
            #expect(!text.contains(secret))
        }
        for part in [loaded.configuration.rabbitmq, loaded.configuration.executor.kubernetes] as [Any] {
            var dumped = ""
            dump(part, to: &dumped)
            #expect(!dumped.contains(secret))
        }
    }

    @Test func longValuesAreCut() throws {
        let value = try #require(
            ConfigurationFixture.problems(["RABBITMQ_PORT": String(repeating: "9", count: 5000)]).first?.value)
        #expect(value == "\"\(String(repeating: "9", count: 80))…\"")
    }

    /// A port that nobody has set gives way.
    @Test(arguments: [
        ([:], 8081), (["PORT": "0"], 0), (["PORT": "8081"], 8080), (["PORT": "0", "STATUS_PORT": "9000"], 9000),
        (["PORT": "80"], 8081),
    ])
    func theStatusPortIsAnother(environment: [String: String], port: Int) throws {
        #expect(try ConfigurationFixture.configuration(environment).status.port == port)
    }
}
