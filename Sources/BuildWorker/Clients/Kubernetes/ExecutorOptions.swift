/// How pods are made, and which executor makes them (`executor.*`).
package struct ExecutorOptions: Sendable {
    /// An executor, as the configuration and a build's annotation name it, each with options of its own.
    package enum Plugin: String, Sendable, CaseIterable {
        case k8s
        /// Makes pods as `k8s` does.
        case sandbox = "k8s-sandbox"
        /// Makes pods that start a virtual machine, in which the build runs.
        case vm = "k8s-vm"

        /// Those whose options are as `k8s` has them where nothing is said of themselves.
        package static let derived = [sandbox, vm]

        package var options: any WritableKeyPath<ExecutorOptions, KubernetesOptions> & Sendable {
            switch self {
            case .k8s: \.kubernetes
            case .sandbox: \.sandbox
            case .vm: \.vm
            }
        }
    }

    /// What a build gets that asks for a virtual machine by name where there is none to be had (`K8S_VM_FALLBACK`).
    package enum VMFallback: String, Sendable, CaseIterable {
        /// It is failed: whoever asks for a kernel of his own does not want to share one unknowingly.
        case fail
        /// A pod of `k8s`, with a warning in the log.
        case k8s
    }

    /// An executor's part of the builds that name none.
    package struct Share: Sendable {
        /// Compared with the others' (0–1 000 000); 0: none.
        package var weight = 0
        /// Regular expressions, in any case of letters: an image in which one is found is not the executor's.
        package var exclusions: [String] = []
    }

    /// Runs the builds that name no executor, where there are no weights.
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
    /// What an executor has where nothing is said of it: the same as `k8s`, but no nodes and no Secrets of the operator's, nor what in the
    /// worker we succeed is not shared either: two policies, and a VM's times.
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
            // The VM's launcher knows no other place for it.
            options.buildToken = .argument
            options.startsVM = true
        }
        return options
    }
}
