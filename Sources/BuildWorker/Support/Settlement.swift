/// How a delivery is settled with the broker: exactly once, as the last step.
package enum Settlement: Hashable, Sendable, CaseIterable {
    /// All work for the delivery is done, or stored somewhere that survives this process.
    case ack
    /// Rejected without requeueing, which would spin: the wait queue returns it with one more `rejected` in `x-death`.
    case nack
}
