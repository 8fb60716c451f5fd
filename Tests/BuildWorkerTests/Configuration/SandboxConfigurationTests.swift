import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

/// What the executor `k8s-sandbox` has of its own, and what it takes from `k8s`.
@Suite struct SandboxConfigurationTests {
    private static let prefix = "executor.k8s-sandbox.options.kubernetes"

    private func sandbox(_ environment: [String: String], _ text: String = "") throws -> KubernetesOptions {
        try ConfigurationFixture.withFile(text) {
            try ConfigurationFixture.configuration(environment, file: $0).executor.sandbox
        }
    }

    @Test func takesWhatIsNotSaidFromK8s() throws {
        let text = "executor: { k8s: { options: { kubernetes: { host: a.test, resources: { cpu: { high: 3 } } } } } }"
        let sandbox = try self.sandbox(
            ["K8S_JOBS_NAMESPACE": "builds", "K8S_TOKEN": "abc", "EXECUTOR_PREFIX": "blue-", "LAUNCH_VERSION": "v6"],
            text)
        #expect(
            (sandbox.host, sandbox.jobsNamespace, sandbox.prefix, sandbox.launchVersion) == (
                "a.test", "builds", "blue-", "v6"
            ))
        #expect(sandbox.token == Secret("abc"))
        #expect(sandbox.cpu.high == 3)
    }

    /// Builds that are kept apart see no Secrets of the operator's unless that is said of them.
    @Test func secretsNodesAndPoliciesAreNotTaken() throws {
        let sandbox = try self.sandbox([
            "K8S_SECRETS": #"[{"secret_env":"A","secret_name":"b","secret_key":"c"}]"#,
            "K8S_SECRETS_FILE": #"[{"name":"b","secretName":"b","mountPath":"/a"}]"#,
            "K8S_NODE_SELECTORS": #"{"pool":"builds"}"#, "K8S_PREFERRED_NODE_SELECTORS": #"{"disk":"ssd"}"#,
            "K8S_POD_DNS_POLICY": "Default",
            "K8S_POD_IMAGE_PULL_POLICY": "Never",
        ])
        #expect(sandbox.buildSecrets.isEmpty && sandbox.buildSecretsFile.isEmpty)
        #expect(sandbox.nodeSelectors.isEmpty && sandbox.preferredNodeSelectors.isEmpty)
        #expect((sandbox.dnsPolicy, sandbox.imagePullPolicy) == ("ClusterFirst", "Always"))
    }

    @Test func variablesOfItsOwn() throws {
        let executor = try ConfigurationFixture.configuration([
            "K8S_NODE_SELECTORS": #"{"pool":"builds"}"#, "K8S_SANDBOX_NODE_SELECTORS": #"{"pool":"sandbox"}"#,
            "K8S_SANDBOX_PREFERRED_NODE_SELECTORS": #"{"disk":"ssd"}"#, "WEIGHT_K8S": "3", "WEIGHT_K8S_SANDBOX": "1",
            "K8S_EXECUTOR_EXCLUSION": "[]",
            "K8S_SANDBOX_EXECUTOR_EXCLUSION": #"["^internal/"]"#, "EXECUTOR_PLUGIN": "k8s-sandbox",
        ]).executor
        #expect(executor.kubernetes.nodeSelectors.map(\.value) == ["builds"])
        #expect(executor.sandbox.nodeSelectors.map(\.value) == ["sandbox"])
        #expect(executor.sandbox.preferredNodeSelectors.map(\.name) == ["disk"])
        #expect((executor.share.weight, executor.sandboxShare.weight) == (3, 1))
        #expect(executor.share.exclusions.isEmpty && executor.sandboxShare.exclusions == ["^internal/"])
        #expect(executor.plugin == .sandbox)
    }

    /// A variable is meant for k8s where the file speaks of the sandbox.
    @Test func whatIsSaidOfItGoesBeforeVariablesOfK8s() throws {
        let text =
            "executor: { k8s-sandbox: { options: { prefix: red-, kubernetes: { jobsNamespace: sandbox, buildSecrets: [{ secret_env: A, secret_name: b, secret_key: c }] } } } }"
        try ConfigurationFixture.withFile(text) { file in
            let loaded = try ConfigurationFixture.load(
                ["K8S_JOBS_NAMESPACE": "builds", "EXECUTOR_PREFIX": "blue-"], file: file)
            let executor = loaded.configuration.executor
            #expect((executor.kubernetes.jobsNamespace, executor.sandbox.jobsNamespace) == ("builds", "sandbox"))
            #expect((executor.kubernetes.prefix, executor.sandbox.prefix) == ("blue-", "red-"))
            #expect(executor.sandbox.buildSecrets.map(\.variable) == ["A"])
            let row = try #require(loaded.report.rows.first { $0.key == "\(Self.prefix).jobsNamespace" })
            #expect((row.variable, row.origin.description, row.value) == ("", "file \(file)", "sandbox"))
            #expect(!loaded.report.rows.contains { $0.key == "\(Self.prefix).host" }, "nothing is said of it")
        }
    }

    /// The token of one API server is not shown to another.
    @Test func anotherClusterNeedsATokenOfItsOwn() throws {
        try ConfigurationFixture.withFile("executor: { k8s-sandbox: { options: { kubernetes: { host: b.test } } } }") {
            file in
            let problems = ConfigurationFixture.problems(["K8S_TOKEN": "hunter2"], file: file)
            #expect(problems.map(\.key) == ["\(Self.prefix).host"])
            #expect(problems.first?.expectation.contains("needs a token of its own") == true)
        }
        let sandbox = try self.sandbox(
            ["K8S_TOKEN": "hunter2"],
            "executor: { k8s-sandbox: { options: { kubernetes: { host: b.test, tokenFile: /tokens/b } } } }")
        #expect(sandbox.token == nil)
        #expect(sandbox.tokenFile == "/tokens/b")
        // The same server, said again.
        #expect(
            try self.sandbox(
                ["K8S_HOST": "a.test"],
                "executor: { k8s-sandbox: { options: { kubernetes: { host: 'https://a.test/' } } } }"
            ).host.hasPrefix("https"))
    }

    @Test(arguments: [
        (
            "executor: { k8s-sandbox: { options: { kubernetes: { jobsNamespace: Not_A_Name } } } }",
            "\(prefix).jobsNamespace", "a name of Kubernetes"
        ),
        (
            "executor: { k8s-sandbox: { options: { kubernetes: { jobsNamspace: a } } } }", "\(prefix).jobsNamspace",
            "Is \(prefix).jobsNamespace meant?"
        ),
        (
            "executor: { k8s-sandbox: { exclusion: ['('] } }", "executor.k8s-sandbox.exclusion",
            "must be a regular expression"
        ),
        (
            "executor: { k8s-sandbox: { exclusion: [''] } }", "executor.k8s-sandbox.exclusion",
            "must be a regular expression"
        ),
        ("executor: { k8s-sandbox: { exclusion: rhel6 } }", "executor.k8s-sandbox.exclusion", "must be a JSON array"),
        ("executor: { k8s-sandbox: { weightage: -1 } }", "executor.k8s-sandbox.weightage", "from 0 to 1000000"),
        (
            "executor: { k8s-sandbox: { options: { kubernetes: { volumeMounts: [{ name: a, path: /b, mountPath: /a }, { name: a, path: /b, mountPath: /c }] } } } }",
            "\(prefix).volumeMounts", "there once among all volumes"
        ),
    ])
    func refuses(_ text: String, _ key: String, _ expectation: String) throws {
        try ConfigurationFixture.withFile(text) { file in
            let problems = ConfigurationFixture.problems(file: file)
            #expect(problems.map(\.key) == [key])
            #expect(problems.first?.expectation.contains(expectation) == true, "\(problems)")
        }
    }

    /// What both have is told once, where it was said.
    @Test func aProblemOfK8sIsNotToldTwice() {
        let problems = ConfigurationFixture.problems([
            "K8S_VOLUME_MOUNTS":
                #"[{"name":"a","path":"/b","mountPath":"/a"},{"name":"a","path":"/b","mountPath":"/c"}]"#,
            "K8S_HOST": "u:p@a",
        ])
        #expect(
            problems.map(\.key) == [
                "executor.k8s.options.kubernetes.host", "executor.k8s.options.kubernetes.volumeMounts",
            ])
    }
}
