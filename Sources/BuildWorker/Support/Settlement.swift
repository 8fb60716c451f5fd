/// What the broker is told about a delivery. Every delivery is settled exactly once, last.
package enum Settlement: Hashable, Sendable, CaseIterable {
    /// All that the delivery owes is done, or held by something that survives this process.
    case ack
    /// Rejected without requeueing: the queue dead-letters it to its wait queue, which brings it back
    /// later with one more `rejected` in its `x-death`. Requeueing instead would spin.
    case nack
}
