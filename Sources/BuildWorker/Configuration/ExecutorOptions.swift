/// How pods are made, and which executor makes them (`executor.*`).
public struct ExecutorOptions: Sendable {
    /// An executor, as the configuration and a build's annotation name it. Both make pods in the same way, each with options of its own.
    public enum Plugin: String, Sendable, CaseIterable {
        case k8s
        case sandbox = "k8s-sandbox"
    }

    /// An executor's part of the builds that name none.
    public struct Share: Sendable {
        /// Compared with the others' (0–1 000 000); 0: none.
        public var weight: Int
        /// Regular expressions, in any case of letters: an image in which one is found is not the executor's.
        public var exclusions: [String]

        public init(weight: Int = 0, exclusions: [String] = []) { (self.weight, self.exclusions) = (weight, exclusions) }
    }

    /// Runs the builds that name no executor, where there are no weights.
    public var plugin = Plugin.k8s
    /// `executor.k8s.options.*`
    public var kubernetes = KubernetesOptions()
    /// `executor.k8s.weightage` and `.exclusion`
    public var share = Share(exclusions: ["rhel6"])
    /// `executor.k8s-sandbox.options.*`
    public var sandbox = KubernetesOptions()
    /// `executor.k8s-sandbox.weightage` and `.exclusion`
    public var sandboxShare = Share()

    public init() {}

    public func options(of plugin: Plugin) -> KubernetesOptions {
        switch plugin {
        case .k8s: self.kubernetes
        case .sandbox: self.sandbox
        }
    }

    public func share(of plugin: Plugin) -> Share {
        switch plugin {
        case .k8s: self.share
        case .sandbox: self.sandboxShare
        }
    }
}

extension KubernetesOptions {
    /// What the sandbox has where nothing is said of it: the same, but no Secrets of the operator's, and neither nodes nor the two
    /// policies, which in the worker we succeed are not shared either.
    var forSandbox: KubernetesOptions {
        var options = self
        let defaults = KubernetesOptions()
        (options.nodeSelectors, options.preferredNodeSelectors) = (defaults.nodeSelectors, defaults.preferredNodeSelectors)
        (options.buildSecrets, options.buildSecretsFile) = (defaults.buildSecrets, defaults.buildSecretsFile)
        (options.dnsPolicy, options.imagePullPolicy) = (defaults.dnsPolicy, defaults.imagePullPolicy)
        return options
    }
}
