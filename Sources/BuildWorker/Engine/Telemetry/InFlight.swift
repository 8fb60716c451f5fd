internal import Support
internal import Synchronization
internal import Workflow

/// Deliveries in flight, with their age and current step.
final class InFlight: Sendable {
    package struct Entry: Sendable {
        let context: DeliveryContext
        var step: Action?
        var since: ContinuousClock.Instant
    }

    private let clock: any MonotonicClock
    private let entries = Mutex<[DeliveryContext.ID: Entry]>([:])

    init(clock: any MonotonicClock) { self.clock = clock }

    func observe(_ event: DeliveryEvent, _ context: DeliveryContext) {
        let now = self.clock.now
        self.entries.withLock { entries in
            switch event {
            case .received: entries[context.id] = Entry(context: context, step: nil, since: now)
            case .started: entries[context.id]?.since = now
            case .actionStarted(let action):
                entries[context.id]?.step = action
                entries[context.id]?.since = now
            case .actionCompleted, .setAside: break
            case .settled, .requeued, .takenBack: entries[context.id] = nil
            }
        }
    }

    /// Oldest first.
    var all: [Entry] { self.entries.withLock { Array($0.values) }.sorted { $0.context.arrival < $1.context.arrival } }

    /// By job type; every type has an entry.
    var counts: [String: Int] {
        var counts = ["start": 0, "stop": 0, "verify": 0, "clear": 0, "unread": 0]
        for entry in self.entries.withLock({ Array($0.values) }) { counts[entry.context.jobType, default: 0] += 1 }
        return counts
    }
}
