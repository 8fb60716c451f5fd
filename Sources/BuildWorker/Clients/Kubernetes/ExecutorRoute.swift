internal import Support

/// The executor for a build, and why: requested by its annotation, else chosen by weight, else the default.
///
/// Deterministic in build and configuration: a redelivered start must find the pod of the first delivery, so the
/// weighted selection is derived from the build's id.
package struct ExecutorRoute: Hashable, Sendable {
    package enum Rule: String, Sendable {
        case annotation, weight, `default`
    }

    package let executor: ExecutorOptions.Plugin
    package let rule: Rule
    /// The requested executor, if it does not exist; the request is then ignored. A VM that is unavailable is replaced
    /// only if the operator allows it (`K8S_VM_FALLBACK`).
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

    /// - Returns: `nil` if no executor that accepts the image has a weight.
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
    package func options(for build: BuildConfig) -> KubernetesOptions {
        self.options(of: ExecutorRoute(build, self).executor)
    }
}

/// A case-insensitive regular expression for image names.
package enum ImagePattern {
    package static func isValid(_ pattern: String) -> Bool { Self.expression(pattern) != nil }

    /// - Returns: `false` also for an invalid pattern; the configuration rejects those.
    static func isFound(_ pattern: String, in image: String) -> Bool {
        Self.expression(pattern).map { image.firstMatch(of: $0) != nil } ?? false
    }

    /// Compiled for each use: a `Regex` cannot be shared between tasks.
    private static func expression(_ pattern: String) -> Regex<AnyRegexOutput>? {
        do { return try Regex(pattern).ignoresCase() } catch { return nil }
    }
}
