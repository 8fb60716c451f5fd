package import Support

/// The manifest of a build's pod.
///
/// Deterministic: the same message and options give the same pod, with the same name. The document contains the build's
/// token, unless that is in a ``TokenSecret``; the manifest prints as its name only.
package struct PodManifest: Sendable, CustomStringConvertible, CustomReflectable {
    package let name: String
    /// The value of the label `sdbuild`, used to find the pod.
    package let label: String
    /// A `v1` `Pod`. May contain the token: never log it.
    package let document: JSONValue

    /// Throws if container or token are missing, an id would escape the cache directory, or a time is not a number.
    package init(build: BuildConfig, options: KubernetesOptions, ecosystem: EcosystemOptions) throws(PodManifestError) {
        self.name = PodName.of(build.buildID, prefix: options.prefix)
        self.label = PodName.label(build.buildID, prefix: options.prefix)
        var metadata: JSONValue = ["name": .string(self.name)]
        let spec: JSONValue
        if options.startsVM {
            metadata["labels"] = ["sdbuild": .string(self.label), "app": .string(VMPodPlan.app), "tier": "builds"]
            spec = try VMPodPlan(build: build, options: options, ecosystem: ecosystem).spec
        } else {
            let plan = try PodPlan(build: build, options: options, ecosystem: ecosystem)
            metadata["labels"] = plan.labels.document
            if !options.annotations.isEmpty {
                metadata["annotations"] = .object(options.annotations.map { .init($0.name, .string($0.value)) })
            }
            spec = plan.spec
        }
        self.document = ["apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec]
    }

    package var description: String { "pod \(self.name)" }
    package var customMirror: Mirror { Mirror(self, children: ["name": self.name]) }
}

extension KubernetesOptions {
    /// The build's time limit: as requested, at least a minute, at most the operator's limit.
    func timeoutMinutes(_ annotations: BuildAnnotations) -> Double {
        annotations.timeoutMinutes.map { min(max($0, 1), self.maxBuildTimeoutMinutes) } ?? self.buildTimeoutMinutes
    }

    /// The termination grace period: as requested, up to an hour, because a deleted pod occupies its node for so long,
    /// but at least the operator's.
    func gracePeriodSeconds(_ annotations: BuildAnnotations) -> Double {
        let least = Double(self.terminationGracePeriodSeconds)
        return annotations.terminationGracePeriodSeconds.map { max(min($0, 3600), least) } ?? least
    }
}

/// Why no pod can be created for a build. Retrying cannot help.
package enum PodManifestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A build field that every `start` must have.
    case missingField(String)
    /// A field used in a path on the node would escape the cache directory.
    case unsafePathComponent(field: String)
    /// An annotation is not a number.
    case invalidAnnotation(String)
    /// The build requests a VM, and no VM launcher image is configured.
    case noVM

    /// A stable short code for headers and metrics.
    package var reason: String {
        switch self {
        case .missingField: "missing-field"
        case .unsafePathComponent: "unsafe-path"
        case .invalidAnnotation: "invalid-annotation"
        case .noVM: "no-vm"
        }
    }

    /// Safe to log: names the field, never its value.
    package var description: String {
        switch self {
        case .missingField(let field): "the build has no \(field)"
        case .unsafePathComponent(let field): "\(field) cannot be part of a path"
        case .invalidAnnotation(let name): "the annotation \(name) is not a number"
        case .noVM:
            "the build asks for a virtual machine (executor k8s-vm), and this worker has none: ask for another executor, or have the"
                + " cluster's administrators set K8S_BASE_IMAGE (or K8S_VM_FALLBACK=k8s, and it runs as an ordinary pod)"
        }
    }
}
