package import Support

/// The pod that runs a build, as it is posted to the API server.
///
/// A function of its three inputs: the same message and options give the same pod, name included. The document holds
/// the build's token, unless that is kept in a ``TokenSecret``; the manifest itself prints as its name only.
package struct PodManifest: Sendable, CustomStringConvertible, CustomReflectable {
    package let name: String
    /// The value of the label `sdbuild`, by which the pod is found again.
    package let label: String
    /// A `v1` `Pod`. May hold the token: post it, never log it.
    package let document: JSONValue

    /// Throws where the build lacks its container or token, where an id would lead out of the cache's directory, and where
    /// an annotation that means a time is no number.
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
    /// How long the build may run: what it asks for, at least a minute, up to the operator's limit.
    func timeoutMinutes(_ annotations: BuildAnnotations) -> Double {
        annotations.timeoutMinutes.map { min(max($0, 1), self.maxBuildTimeoutMinutes) } ?? self.buildTimeoutMinutes
    }

    /// How long it has to end: what it asks for, up to an hour, since a pod that is deleted keeps its place on the node for so long, but
    /// not less than the operator's.
    func gracePeriodSeconds(_ annotations: BuildAnnotations) -> Double {
        let least = Double(self.terminationGracePeriodSeconds)
        return annotations.terminationGracePeriodSeconds.map { max(min($0, 3600), least) } ?? least
    }
}

/// Why a build cannot become a pod. Trying again does not help.
package enum PodManifestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A field of the build that every `start` has.
    case missingField(String)
    /// A field that goes into a path of the node would leave the cache's directory.
    case unsafePathComponent(field: String)
    /// An annotation that should be a number is none.
    case invalidAnnotation(String)
    /// It asks for a VM, and the worker has no image that starts one.
    case noVM

    /// A short code that does not change, for headers and metrics.
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
