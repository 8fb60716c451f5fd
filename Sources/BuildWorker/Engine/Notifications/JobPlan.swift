internal import Spool

/// Decides which jobs start now. A value without I/O.
struct JobPlan: Hashable, Sendable {
    struct Candidate: Hashable, Sendable {
        let name: JobName
        let orderKey: String?
    }

    let begin: [JobName]

    /// - Parameter places: free slots; `now` is in milliseconds since 1970.
    init(waiting: [Candidate], running: [Candidate], places: Int, now: Int) {
        let inFlight = Set(running.map(\.name.id))
        var taken = Set(running.compactMap(\.orderKey))
        var begin: [JobName] = []
        // Only the oldest job of a key may start; later ones wait for it, even while it is delayed itself.
        var first: [String: Int] = [:]
        for candidate in waiting {
            guard let key = candidate.orderKey else { continue }
            first[key] = min(first[key] ?? .max, candidate.name.sequence)
        }
        for candidate in waiting.sorted(by: {
            ($0.name.started, $0.name.sequence) < ($1.name.started, $1.name.sequence)
        }) {
            guard begin.count < places, candidate.name.started <= now else { break }
            guard !inFlight.contains(candidate.name.id) else { continue }
            if let key = candidate.orderKey {
                guard first[key] == candidate.name.sequence, taken.insert(key).inserted else { continue }
            }
            begin.append(candidate.name)
        }
        self.begin = begin
    }
}
