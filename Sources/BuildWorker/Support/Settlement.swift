/// How a delivery is settled with the broker: exactly once, as the last step.
package enum Settlement: Hashable, Sendable, CaseIterable {
    /// All work for the delivery is done, or stored somewhere that survives this process.
    case ack
    /// Rejected without requeueing: dead-lettered to the wait queue, which returns it later with one more `rejected`
    /// in its `x-death`. Requeueing would spin.
    case nack
}
