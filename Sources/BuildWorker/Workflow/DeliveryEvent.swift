package import Support

/// What happens to a delivery, for those who want to know: log, metrics, failure reports, build events, the status page.
///
/// After `received` comes exactly one of `settled`, `requeued` and `takenBack`, last.
package enum DeliveryEvent: Sendable {
    /// It was taken from its queue and read.
    case received
    /// It is its turn.
    case started
    case actionStarted(Action)
    /// One for each fact that the action taught.
    case actionCompleted(Action, Fact, took: Duration)
    /// It is settled as soon as this has been told.
    indirect case settled(Settlement, Facts, took: Duration)
    /// The worker ends and the broker gives it to another.
    case requeued
    /// The broker took it back, and gives it out again: nothing more is done for it.
    case takenBack
    /// A suspect waits behind all others, unread but for this; it is told of nothing else.
    case setAside
}
