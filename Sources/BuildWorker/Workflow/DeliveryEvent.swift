package import Support

/// What happens to a delivery, for observers: log, metrics, failure reports, build events, status page.
///
/// `received` is followed by exactly one of `settled`, `requeued` and `takenBack`, as the last event.
package enum DeliveryEvent: Sendable {
    /// Taken from its queue and decoded.
    case received
    /// Processing starts.
    case started
    case actionStarted(Action)
    /// Once for each fact the action yielded.
    case actionCompleted(Action, Fact, took: Duration)
    /// Settled right after this event.
    indirect case settled(Settlement, Facts, took: Duration)
    /// The worker is shutting down; the broker redelivers the message elsewhere.
    case requeued
    /// The broker requeued the message: processing ends.
    case takenBack
    /// A suspected message is moved behind all others; not decoded for anything else, and no other events follow.
    case setAside
}
