/// The component a failure belongs to. Used as a metric label, so the set is small and stable.
///
/// Set by the driver that detects the error and carried along; never parsed from text.
package enum FailureClass: String, Sendable, CaseIterable {
    /// The build's image cannot be pulled.
    case image
    /// The build's container cannot start or has failed.
    case container
    /// The cluster removed the pod: node lost or out of resources, or preemption.
    case node
    /// The pod cannot be scheduled, or makes no progress.
    case scheduling
    /// The API server rejects the pod permanently.
    case rejected
    case policy
    case quota
    /// The worker's token, permissions or namespace, or an object its settings name there.
    case rights
    case cluster
    /// API server requests or responses are lost.
    case network
    /// The build API fails or is unreachable.
    case buildAPI = "build-api"
    /// The build API rejects the message's token.
    case token
    case broker
    case message
    /// The message crashes the worker.
    case poison
    case worker
    case other
}

/// A failure of one step: its class and a description. Safe to show.
package struct Problem: Hashable, Sendable, CustomStringConvertible {
    package let failureClass: FailureClass
    package let detail: String

    package init(_ failureClass: FailureClass, _ detail: String) {
        (self.failureClass, self.detail) = (failureClass, detail)
    }

    package var description: String { self.detail }
}
