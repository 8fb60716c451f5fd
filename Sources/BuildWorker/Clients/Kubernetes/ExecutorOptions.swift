/// How pods are created, and by which executor (`executor.*`).
package struct ExecutorOptions: Sendable {
    /// An executor, by its name in the configuration and in annotations, with its own options.
    package enum Plugin: String, Sendable, CaseIterable {
        case k8s
        /// Creates pods in the same way as `k8s`.
        case sandbox = "k8s-sandbox"
        /// Creates pods that start a virtual machine for the build.
        case vm = "k8s-vm"

        /// Executors whose options default to those of `k8s`.
        package static let derived = [sandbox, vm]

        package var options: any WritableKeyPath<ExecutorOptions, KubernetesOptions> & Sendable {
            switch self {
            case .k8s: \.kubernetes
            case .sandbox: \.sandbox
            case .vm: \.vm
            }
        }
    }

    /// What to do if a build requests a VM explicitly but none is available (`K8S_VM_FALLBACK`).
    package enum VMFallback: String, Sendable, CaseIterable {
        /// Fails the build: a build that requires its own kernel must not share one unknowingly.
        case fail
        /// Uses a pod of `k8s`, with a warning in the log.
        case k8s
    }

    /// An executor's share of the builds that request no executor.
    package struct Share: Sendable {
        /// Relative weight (0–1 000 000); 0: none.
        package var weight = 0
        /// Case-insensitive regular expressions: builds whose image matches one are not assigned to the executor.
        package var exclusions: [String] = []
    }

    /// The executor for builds that request none, if there are no weights.
    package var plugin = Plugin.k8s
    /// `executor.k8s.options.*`
    package var kubernetes = KubernetesOptions()
    /// `executor.k8s.weightage` and `.exclusion`
    package var share = Share(exclusions: ["rhel6"])
    /// `executor.k8s-sandbox.options.*`
    package var sandbox = KubernetesOptions()
    /// `executor.k8s-sandbox.weightage` and `.exclusion`
    package var sandboxShare = Share()
    /// `executor.k8s-vm.options.*`
    package var vm = KubernetesOptions().inherited(by: .vm)
    /// `executor.k8s-vm.weightage` and `.exclusion`
    package var vmShare = Share()
    /// `executor.k8s-vm.fallback`
    package var vmFallback = VMFallback.fail

    package init() {}

    package func options(of plugin: Plugin) -> KubernetesOptions { self[keyPath: plugin.options] }

    package func share(of plugin: Plugin) -> Share {
        switch plugin {
        case .k8s: self.share
        case .sandbox: self.sandboxShare
        case .vm: self.vmShare
        }
    }
}

extension KubernetesOptions {
    /// An executor's default options: those of `k8s`, except for the operator's nodes and Secrets, and what the
    /// original worker does not share either: two policies, and a VM's times.
    package func inherited(by plugin: ExecutorOptions.Plugin) -> KubernetesOptions {
        var options = self
        let defaults = KubernetesOptions()
        (options.nodeSelectors, options.preferredNodeSelectors) = (
            defaults.nodeSelectors, defaults.preferredNodeSelectors
        )
        (options.buildSecrets, options.buildSecretsFile) = (defaults.buildSecrets, defaults.buildSecretsFile)
        (options.dnsPolicy, options.imagePullPolicy) = (defaults.dnsPolicy, defaults.imagePullPolicy)
        if plugin == .vm {
            (options.buildTimeoutMinutes, options.maxBuildTimeoutMinutes) = (
                defaults.buildTimeoutMinutes, defaults.maxBuildTimeoutMinutes
            )
            // The VM's launcher supports no other way.
            options.buildToken = .argument
            options.startsVM = true
        }
        return options
    }
}
