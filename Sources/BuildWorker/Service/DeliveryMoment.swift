/// What happens to a delivery, for those who want to know: metrics, failure reports, build events, the status page.
enum DeliveryMoment: Sendable {
    /// It was taken from its queue and read. → `began`, `handedBack`
    case arrived
    /// It is its turn. → `acts`, `settled`, `handedBack`
    case began
    /// Something is about to be done for it. → `learned`, `handedBack`
    case acts(Action)
    /// What came of it. → `acts`, `settled`, `handedBack`
    case learned(Action, Fact, took: Duration)
    /// It is settled as soon as this has been told. The last moment.
    case settled(Settlement, Facts, took: Duration)
    /// The worker ends and the broker gives it to another. The last moment.
    case handedBack
    /// The broker took it back, and gives it out again: nothing more is done for it. The last moment.
    case takenBack
}

/// Told of every moment, in order, on the delivery's own task: it must be quick, decides nothing and does not fail.
typealias DeliveryObserver = @Sendable (DeliveryMoment, DeliveryContext) -> Void
