/// Which layer an effective value comes from. Later layers go before earlier ones.
public enum ConfigurationOrigin: Hashable, Sendable, CustomStringConvertible {
    /// `Config/default.yaml`.
    case `default`
    /// The file given with `--config`, or one that is found (``NodeConfig``).
    case file(String)
    case variable(String)

    public var description: String {
        switch self {
        case .default: "default"
        case .file(let path): "file \(path)"
        case .variable(let name): "variable \(name)"
        }
    }
}
