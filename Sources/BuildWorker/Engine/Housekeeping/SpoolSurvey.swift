internal import Spool
internal import Support
internal import Synchronization

/// Cached spool statistics: listing costs a few system calls, and the status page polls often.
final class SpoolSurvey: Sendable {
    private let census = Mutex(SpoolCensus(kinds: []))

    func update(_ census: SpoolCensus) { self.census.withLock { $0 = census } }

    func jobs(_ kind: JobKind) -> SpoolCensus.Kind {
        self.census.withLock { $0.kinds.first { $0.name == kind.rawValue } } ?? SpoolCensus.Kind(kind.rawValue)
    }
}

extension SpoolCensus.Kind {
    var age: Duration? { self.oldestMade.map { .milliseconds(max(0, Timestamp.now.millisecondsSince1970 - $0)) } }
}
