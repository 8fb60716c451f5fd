/// Why a build cannot become a pod. Trying again does not help.
public enum PodManifestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A field of the build that every `start` has.
    case missingField(String)
    /// A field that goes into a path of the node would leave the cache's directory.
    case unsafePathComponent(field: String)
    /// An annotation that should be a number is none.
    case invalidAnnotation(String)
    /// It asks for a VM, and the worker has no image that starts one.
    case noVM

    /// A short code that does not change, for headers and metrics.
    public var reason: String {
        switch self {
        case .missingField: "missing-field"
        case .unsafePathComponent: "unsafe-path"
        case .invalidAnnotation: "invalid-annotation"
        case .noVM: "no-vm"
        }
    }

    /// Safe to log: names the field, never its value.
    public var description: String {
        switch self {
        case .missingField(let field): "the build has no \(field)"
        case .unsafePathComponent(let field): "\(field) cannot be part of a path"
        case .invalidAnnotation(let name): "the annotation \(name) is not a number"
        case .noVM:
            "the build asks for a virtual machine (executor k8s-vm), and this worker has none: ask for another executor, or have the cluster's"
                + " administrators set K8S_BASE_IMAGE (or K8S_VM_FALLBACK=k8s, and it runs as an ordinary pod)"
        }
    }
}
