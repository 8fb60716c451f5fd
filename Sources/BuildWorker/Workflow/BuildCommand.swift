/// What a delivery requests.
package enum BuildCommand: Hashable, Sendable {
    /// Create the build's pod and watch it.
    case start
    /// Delete the build's pods.
    case stop
    /// Check whether the build's pod has started.
    case verify
    case clear
    /// The message cannot be understood.
    case unreadable
    /// Quarantined: handling the message has crashed the worker this many times.
    case poison(crashes: Int)
}
