internal import Synchronization

/// What the spool held when somebody last looked: a listing of its boxes costs a few system calls, and the status page asks often.
final class SpoolSurvey: Sendable {
    typealias Counts = [JobKind: [JobBox: SpoolQueue.Count]]

    private let state = Mutex(Counts())

    func update(_ counts: Counts) { self.state.withLock { $0 = counts } }

    func jobs(_ kind: JobKind, _ box: JobBox) -> Int { self.state.withLock { $0[kind]?[box]?.jobs ?? 0 } }

    /// Of the jobs that are not dead.
    func oldest(_ kind: JobKind) -> Duration? { self.state.withLock { counts in [JobBox.new, .cur].compactMap { counts[kind]?[$0]?.oldest }.max() } }
}
