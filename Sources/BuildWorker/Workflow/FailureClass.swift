/// Whose business a failure is: what an operator would look at. Few words, the same for ever, for they are counted.
///
/// Set where an error is understood, by the driver that knows what was asked, and carried along; never read from words.
package enum FailureClass: String, Sendable, CaseIterable {
    /// The build's image cannot be had.
    case image
    /// The build's container cannot start or has failed.
    case container
    /// The cluster took the pod away: its node is gone or full, somebody more important came.
    case node
    /// No node takes the pod, or nothing becomes of it.
    case scheduling
    /// The API server says the pod can never be.
    case rejected
    /// A policy of the cluster does not let the pod in.
    case policy
    case quota
    /// The worker's token, rights or namespace, or what its settings name there.
    case rights
    /// The API server fails.
    case cluster
    /// Requests to the API server do not arrive, or their answers.
    case network
    /// The build API fails, or requests to it do not arrive.
    case buildAPI = "build-api"
    /// The build API does not take the token that the build's message carries.
    case token
    case broker
    /// The message cannot be read.
    case message
    /// The message crashes the worker.
    case poison
    /// The worker itself.
    case worker
    case other
}

/// What went wrong with one step: whose business it is, and the words for people. Safe to show.
package struct Problem: Hashable, Sendable, CustomStringConvertible {
    package let failureClass: FailureClass
    package let detail: String

    package init(_ failureClass: FailureClass, _ detail: String) {
        (self.failureClass, self.detail) = (failureClass, detail)
    }

    package var description: String { self.detail }
}
