/// What is going to happen, soonest first. Time passes only from one event to the next.
///
/// A binary heap. Events of the same moment happen in the order in which they were planned.
struct VirtualClock {
    struct Event {
        /// Milliseconds since the simulation began.
        let time: Int
        fileprivate let order: Int
        let happening: Happening
    }

    /// Milliseconds since the simulation began.
    private(set) var now = 0
    private var heap: [Event] = []
    private var planned = 0

    init() { self.heap.reserveCapacity(64) }

    mutating func plan(_ happening: Happening, after milliseconds: Int) {
        self.planned += 1
        let event = Event(time: self.now + milliseconds, order: self.planned, happening: happening)
        var hole = self.heap.count
        self.heap.append(event)
        while hole > 0 {
            let parent = (hole - 1) / 2
            let above = self.heap[parent]
            guard Self.isBefore(event, above) else { break }
            self.heap[hole] = above
            hole = parent
        }
        self.heap[hole] = event
    }

    /// Moves time on to the next event; `nil` when nothing will happen any more.
    mutating func next() -> Happening? {
        guard let last = self.heap.popLast() else { return nil }
        guard let first = self.heap.first else { return self.reach(last) }
        let count = self.heap.count
        var hole = 0
        while true {
            var child = 2 * hole + 1
            guard child < count else { break }
            if child + 1 < count, Self.isBefore(self.heap[child + 1], self.heap[child]) { child += 1 }
            let below = self.heap[child]
            guard Self.isBefore(below, last) else { break }
            self.heap[hole] = below
            hole = child
        }
        self.heap[hole] = last
        return self.reach(first)
    }

    private mutating func reach(_ event: Event) -> Happening {
        self.now = event.time
        return event.happening
    }

    private static func isBefore(_ one: Event, _ other: Event) -> Bool {
        one.time != other.time ? one.time < other.time : one.order < other.order
    }
}
