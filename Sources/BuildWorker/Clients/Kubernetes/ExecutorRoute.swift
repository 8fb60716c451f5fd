internal import Support

/// Which executor a build belongs to, and why: what its annotation asks for, else what the weights give it, else the default.
///
/// A function of the build and the configuration. A start that is delivered twice must find the first one's pod, so chance is the
/// build's number, not the hour's.
package struct ExecutorRoute: Hashable, Sendable {
    package enum Rule: String, Sendable {
        case annotation, weight, `default`
    }

    package let executor: ExecutorOptions.Plugin
    package let rule: Rule
    /// What the build asked for where there is no such executor: then it is as if it had not asked. A VM that is not to be had is given up
    /// only where the operator says so (`K8S_VM_FALLBACK`).
    package let unknown: String?

    package init(_ build: BuildConfig, _ options: ExecutorOptions) {
        let annotation = BuildAnnotations.values(build.annotations)["executor"]
        // A bare `nil` would be JSON's null.
        let wish: JSONValue? = if let annotation, !annotation.isNull { .some(annotation) } else { .none }
        if let wished = wish?.string.flatMap(ExecutorOptions.Plugin.init(rawValue:)) {
            let isGivenUp = wished == .vm && options.vm.machine.baseImage.isEmpty && options.vmFallback == .k8s
            (self.executor, self.rule, self.unknown) = (
                isGivenUp ? .k8s : wished, .annotation, isGivenUp ? wished.rawValue : nil
            )
            return
        }
        self.unknown = wish.map { $0.scalarText ?? "" }
        if let weighted = Self.weighted(build, options) {
            (self.executor, self.rule) = (weighted, .weight)
        } else {
            (self.executor, self.rule) = (options.plugin, .default)
        }
    }

    /// - Returns: `nil` where nobody that may have the image has a weight.
    private static func weighted(_ build: BuildConfig, _ options: ExecutorOptions) -> ExecutorOptions.Plugin? {
        let weighted = ExecutorOptions.Plugin.allCases.filter { plugin in
            let share = options.share(of: plugin)
            return share.weight > 0
                && !share.exclusions.contains { ImagePattern.isFound($0, in: build.container ?? "") }
        }
        let total = weighted.reduce(0) { $0 + options.share(of: $1).weight }
        guard total > 0 else { return nil }
        var bucket = Int(PodName.hash(of: build.buildID) % UInt64(total))
        for plugin in weighted {
            bucket -= options.share(of: plugin).weight
            if bucket < 0 { return plugin }
        }
        return nil
    }
}

extension ExecutorOptions {
    /// What a build's pod is made with.
    package func options(for build: BuildConfig) -> KubernetesOptions {
        self.options(of: ExecutorRoute(build, self).executor)
    }
}

/// A regular expression that images' names are searched for, in any case of letters.
package enum ImagePattern {
    package static func isValid(_ pattern: String) -> Bool { Self.expression(pattern) != nil }

    /// - Returns: `false`, too, where the pattern is none; the configuration lets no such pass.
    static func isFound(_ pattern: String, in image: String) -> Bool {
        Self.expression(pattern).map { image.firstMatch(of: $0) != nil } ?? false
    }

    /// Made anew for each use: a `Regex` cannot be shared between tasks.
    private static func expression(_ pattern: String) -> Regex<AnyRegexOutput>? {
        do { return try Regex(pattern).ignoresCase() } catch { return nil }
    }
}
