/// A metric's name, help text and labels. Names and units follow Prometheus conventions.
package struct Metric: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case counter, gauge
        /// Durations in seconds. Limits are ascending upper bounds; an unbounded bucket is added.
        case histogram(limits: [Double])
    }

    package let name: String
    /// A sentence without a full stop.
    package let help: String
    package let kind: Kind
    /// In the order in which values are given. Each label has a small, fixed set of values.
    package let labels: [String]

    init(_ kind: Kind, _ name: String, _ labels: [String] = [], _ help: String) {
        (self.name, self.help, self.kind, self.labels) = (name, help, kind, labels)
    }
}
