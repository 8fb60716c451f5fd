import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

/// What the executor `k8s-vm` has of its own, and what it takes from `k8s`.
@Suite struct VMConfigurationTests {
    private static let prefix = "executor.k8s-vm.options.kubernetes"

    private func executor(_ environment: [String: String], _ text: String = "") throws -> ExecutorOptions {
        try ConfigurationFixture.withFile(text) {
            try ConfigurationFixture.configuration(environment, file: $0).executor
        }
    }

    @Test func takesWhatIsNotSaidFromK8s() throws {
        let vm = try self.executor([
            "K8S_HOST": "a.test", "K8S_JOBS_NAMESPACE": "builds", "K8S_TOKEN": "abc", "EXECUTOR_PREFIX": "blue-",
            "LAUNCH_VERSION": "v6", "K8S_CPU_HIGH": "3",
            "TERMINATION_GRACE_PERIOD_SECONDS": "5",
        ]).vm
        #expect((vm.host, vm.jobsNamespace, vm.prefix, vm.launchVersion) == ("a.test", "builds", "blue-", "v6"))
        #expect((vm.token, vm.cpu.high, vm.terminationGracePeriodSeconds) == (Secret("abc"), 3, 5))
    }

    @Test func timesNodesAndTokensAreNotTaken() throws {
        let vm = try self.executor([
            "K8S_BUILD_TIMEOUT": "5", "K8S_MAX_BUILD_TIMEOUT": "6", "K8S_NODE_SELECTORS": #"{"pool":"builds"}"#,
            "K8S_PREFERRED_NODE_SELECTORS": #"{"disk":"ssd"}"#,
            "K8S_BUILD_TOKEN": "secret",
        ]).vm
        #expect((vm.buildTimeoutMinutes, vm.maxBuildTimeoutMinutes, vm.buildToken) == (90, 120, .argument))
        #expect(vm.nodeSelectors.isEmpty && vm.preferredNodeSelectors.isEmpty && vm.startsVM)
    }

    @Test func variablesOfItsOwn() throws {
        let executor = try self.executor([
            "K8S_BASE_IMAGE": "registry.test:5000/hyper:1@sha256:\(String(repeating: "a", count: 64))",
            "K8S_DISK_LABEL": "a.test/disk", "K8S_DISK_SPEED_LABEL": "speed",
            "K8S_VM_BUILD_TIMEOUT": "45", "K8S_VM_MAX_BUILD_TIMEOUT": "60", "K8S_VM_NODE_SELECTORS": #"{"pool":"vms"}"#,
            "K8S_VM_PREFERRED_NODE_SELECTORS": #"{"disk":"ssd"}"#, "WEIGHT_K8S_VM": "2",
            "K8S_VM_EXECUTOR_EXCLUSION": #"["rhel6"]"#, "K8S_VM_FALLBACK": "k8s",
            "EXECUTOR_PLUGIN": "k8s-vm",
        ])
        #expect(executor.vm.machine.baseImage.hasPrefix("registry.test:5000/hyper:1@"))
        #expect((executor.vm.machine.diskLabel, executor.vm.machine.diskSpeedLabel) == ("a.test/disk", "speed"))
        #expect((executor.vm.buildTimeoutMinutes, executor.vm.maxBuildTimeoutMinutes) == (45, 60))
        #expect(
            executor.vm.nodeSelectors.map(\.value) == ["vms"]
                && executor.vm.preferredNodeSelectors.map(\.value) == ["ssd"])
        #expect(
            (executor.vmShare.weight, executor.vmShare.exclusions, executor.vmFallback, executor.plugin) == (
                2, ["rhel6"], .k8s, .vm
            ))
        #expect(
            executor.kubernetes.nodeSelectors.isEmpty && executor.kubernetes.machine.baseImage.isEmpty
                && !executor.kubernetes.startsVM && !executor.sandbox.startsVM)
    }

    @Test func aFileMaySayMore() throws {
        let text = """
            executor: { k8s-vm: { options: { prefix: red-, launchImage: l, kubernetes: { jobsNamespace: vms, baseImage: 'hyper:2', resources: { cpu: { low: 9 } } } } } }
            """
        let executor = try self.executor(
            ["K8S_JOBS_NAMESPACE": "builds", "EXECUTOR_PREFIX": "blue-", "K8S_BASE_IMAGE": "hyper:3"], text)
        #expect(
            (executor.vm.jobsNamespace, executor.vm.prefix, executor.vm.launchImage, executor.vm.cpu.low) == (
                "vms", "red-", "l", 9
            ))
        #expect((executor.sandbox.jobsNamespace, executor.sandbox.prefix) == ("builds", "blue-"))
        #expect(executor.vm.machine.baseImage == "hyper:3", "its variable goes before the file")
    }

    /// A file made for the original is below its variables, which set the same key of all its executors; so a whole copy of its defaults does no harm.
    @Test func theOriginalsFilesAreBelowVariables() throws {
        let document =
            #"{"executor":{"k8s-vm":{"options":{"prefix":"red-","kubernetes":{"host":"kubernetes.default","baseImage":"hyper:2"}}}}}"#
        let variables = ["K8S_HOST": "https://k8s.test:6443", "K8S_TOKEN": "abc", "NODE_CONFIG": document]
        let executor = try ConfigurationFixture.load(variables).configuration.executor
        #expect(
            (executor.vm.host, executor.vm.prefix, executor.vm.machine.baseImage) == (
                "https://k8s.test:6443", "red-", "hyper:2"
            ))
    }

    @Test(
        arguments: [
            (["EXECUTOR_PLUGIN": "k8s-vm"], ["executor.plugin"]),
            (["WEIGHT_K8S_VM": "1"], ["executor.k8s-vm.weightage"]),
            (
                ["EXECUTOR_PLUGIN": "k8s-vm", "WEIGHT_K8S_VM": "1", "K8S_VM_FALLBACK": "k8s"],
                ["executor.plugin", "executor.k8s-vm.weightage"]
            ),
            (["EXECUTOR_PLUGIN": "k8s-vm", "WEIGHT_K8S_VM": "1", "K8S_BASE_IMAGE": "hyper:1"], []),
            (["K8S_VM_BUILD_TIMEOUT": "5", "K8S_DISK_LABEL": "a"], []),
        ] as [([String: String], [String])])
    func whoCanBeChosenNeedsAnImage(_ environment: [String: String], _ keys: [String]) {
        let problems = ConfigurationFixture.problems(environment)
        #expect(problems.map(\.key) == keys)
        #expect(problems.allSatisfy { $0.expectation.contains("K8S_BASE_IMAGE") })
    }

    @Test func anotherClusterNeedsATokenOfItsOwn() throws {
        let problems = try ConfigurationFixture.withFile(
            "executor: { k8s-vm: { options: { kubernetes: { host: b.test } } } }"
        ) {
            ConfigurationFixture.problems(["K8S_TOKEN": "hunter2"], file: $0)
        }
        #expect(problems.map(\.key) == ["\(Self.prefix).host"])
        let executor = try self.executor(
            ["K8S_TOKEN": "hunter2"],
            "executor: { k8s-vm: { options: { kubernetes: { host: b.test, tokenFile: /tokens/b } } } }")
        #expect((executor.vm.token, executor.vm.isOtherCluster, executor.sandbox.isOtherCluster) == (nil, true, false))
    }

    @Test(arguments: [("secret", "hyper:1", 1), ("secret", "", 0), ("argument", "hyper:1", 0)])
    func saysThatItsPodsHoldTheToken(_ buildToken: String, _ image: String, _ count: Int) throws {
        let notes = try ConfigurationFixture.load(["K8S_BUILD_TOKEN": buildToken, "K8S_BASE_IMAGE": image]).notes
        #expect(notes.count { $0.contains("K8S_BUILD_TOKEN=secret does not count for k8s-vm") } == count)
    }
}
