/// What a delivery asks for.
package enum BuildCommand: Hashable, Sendable {
    /// Make the build's pod and have it watched.
    case start
    /// Remove the build's pods.
    case stop
    /// See whether the build's pod began.
    case verify
    /// Remove a cache directory.
    case clear
    /// Not a message that anybody here understands.
    case unreadable
    /// Nothing any more: handling it has ended the worker's process so many times.
    case poison(crashes: Int)
}
