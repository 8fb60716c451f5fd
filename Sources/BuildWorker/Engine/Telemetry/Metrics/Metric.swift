/// One metric: what it is called, what it says, and by what it is told apart. Names and units as Prometheus wants them.
package struct Metric: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case counter, gauge
        /// Of durations in seconds. The limits are upper bounds, growing; there is always one more, without a bound.
        case histogram(limits: [Double])
    }

    package let name: String
    /// A sentence without a full stop.
    package let help: String
    package let kind: Kind
    /// Names of the labels, in the order in which their values are given. Each label's values are few and known beforehand.
    package let labels: [String]

    init(_ kind: Kind, _ name: String, _ labels: [String] = [], _ help: String) {
        (self.name, self.help, self.kind, self.labels) = (name, help, kind, labels)
    }
}
