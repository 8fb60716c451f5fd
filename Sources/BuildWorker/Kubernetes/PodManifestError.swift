/// Why a build cannot become a pod. Trying again does not help.
public enum PodManifestError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A field of the build that every `start` has.
    case missingField(String)
    /// A field that goes into a path of the node would leave the cache's directory.
    case unsafePathComponent(field: String)
    /// An annotation that should be a number is none.
    case invalidAnnotation(String)

    /// A short code that does not change, for headers and metrics.
    public var reason: String {
        switch self {
        case .missingField: "missing-field"
        case .unsafePathComponent: "unsafe-path"
        case .invalidAnnotation: "invalid-annotation"
        }
    }

    /// Safe to log: names the field, never its value.
    public var description: String {
        switch self {
        case .missingField(let field): "the build has no \(field)"
        case .unsafePathComponent(let field): "\(field) cannot be part of a path"
        case .invalidAnnotation(let name): "the annotation \(name) is not a number"
        }
    }
}
