internal import Glibc
package import Support
internal import Synchronization

/// The boxes of one kind of job on disk: `tmp`, `new`, `cur`, `dead`, and `logs` of the jobs' output.
///
/// A job is a file, and each transition is one rename, so a job is in exactly one box after any crash. The worker that
/// owns the spool directory claims and settles; operators' commands may read, retry and drop concurrently. All calls
/// block on the disk.
package final class SpoolQueue: Sendable {
    package struct Limits: Hashable, Sendable {
        /// Maximum number of jobs in `new` and `cur` together.
        package var jobs = 10_000
        /// Maximum size of a job's file.
        package var bytes = 1 << 20
        /// Runs before a job is dead-lettered, at least 1.
        package var attempts = 10

        package init() {}
    }

    package enum Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// The maximum number of jobs is reached.
        case full(jobs: Int)
        case tooLarge(bytes: Int)
        /// The disk is full or unavailable.
        case disk(SpoolError)

        package var description: String {
            switch self {
            case .full(let jobs): "\(jobs) jobs wait already"
            case .tooLarge(let bytes): "a job of \(bytes) bytes is too large"
            case .disk(let error): error.description
            }
        }
    }

    package let kind: JobKind
    package let limits: Limits
    let directory: String
    /// The latest sequence number, and the estimated number of jobs in `new` and `cur`.
    private let state: Mutex<(sequence: Int, jobs: Int)>

    /// - Parameters:
    ///   - spool: `SPOOL_DIRECTORY`.
    ///   - makingBoxes: create missing boxes; `false` for readers, which may run as root.
    package init(_ kind: JobKind, spool: String, limits: Limits = Limits(), makingBoxes: Bool = true) throws(SpoolError)
    {
        let directory = "\(spool)/queues/\(kind.rawValue)"
        let boxes = (JobBox.allCases.map(\.rawValue) + ["logs"]).map { "\(directory)/\($0)" }
        for part in ["\(spool)/queues", directory] + boxes where makingBoxes { try SpoolDirectory.make(part) }
        (self.kind, self.limits, self.directory) = (kind, limits, directory)
        self.state = Mutex((0, 0))
        var waiting = 0
        var latest = 0
        for box in [JobBox.new, .cur, .dead] {
            let names = try self.names(in: box)
            if box != .dead { waiting += names.count }
            latest = max(latest, names.map(\.sequence).max() ?? 0)
        }
        // Keeps the order even if the clock was set back.
        self.state.withLock { $0 = (latest, waiting) }
    }

    func path(_ name: JobName, in box: JobBox) -> String { "\(self.directory)/\(box.rawValue)/\(name)" }

    /// The log of a job's output: next to the job, moved with it when it is dead-lettered.
    package func log(of name: JobName, in box: JobBox) -> String {
        "\(self.directory)/\(box == .dead ? "dead" : "logs")/\(name.id).log"
    }

    // MARK: Creating

    /// Stores a job durably, power failure included: written to `tmp`, synced, renamed into `new`.
    ///
    /// - Parameter delay: before the job is due.
    @discardableResult
    package func enqueue(
        _ payload: JSONValue, orderKey: String? = nil, after delay: Duration = .zero, now: Timestamp = .now
    ) throws(Refusal) -> JobName {
        let name = try self.newName(now, delay)
        let job = Job(self.kind, id: name.id, created: now.text, orderKey: orderKey, payload: payload)
        do throws(Refusal) {
            let bytes = job.serialized
            guard bytes.count <= self.limits.bytes else { throw .tooLarge(bytes: bytes.count) }
            do throws(SpoolError) {
                let draft = self.path(name, in: .tmp)
                try SpoolFile.write(bytes, to: draft, isNew: true)
                guard try JobFile.move(draft, to: self.path(name, in: .new)) else {
                    throw SpoolError("rename", draft, "it is gone")
                }
                try SpoolFile.sync(directory: "\(self.directory)/new")
            } catch { throw .disk(error) }
        } catch {
            self.left()
            throw error
        }
        return name
    }

    private func newName(_ now: Timestamp, _ delay: Duration) throws(Refusal) -> JobName {
        let (limit, microseconds) = (self.limits.jobs, now.millisecondsSince1970 * 1000)
        let sequence = self.state.withLock { state -> Int? in
            guard state.jobs < limit else { return nil }
            state.jobs += 1
            state.sequence = max(state.sequence + 1, microseconds)
            return state.sequence
        }
        guard let sequence else { throw .full(jobs: limit) }
        return JobName(
            started: now.millisecondsSince1970 + Int(delay / .milliseconds(1)), sequence: sequence, pid: Int(getpid()))
    }

    private func left() { self.state.withLock { $0.jobs = max(0, $0.jobs - 1) } }

    // MARK: Reading

    /// The jobs in a box, the earliest due first. Skips other files.
    package func names(in box: JobBox) throws(SpoolError) -> [JobName] {
        try SpoolFile.names(in: "\(self.directory)/\(box.rawValue)").compactMap { JobName($0) }
            .sorted { ($0.started, $0.sequence) < ($1.started, $1.sequence) }
    }

    /// - Returns: `nil` if it no longer exists.
    package func read(_ name: JobName, in box: JobBox) throws(SpoolError) -> Job? {
        let path = self.path(name, in: box)
        guard let bytes = try SpoolFile.read(path) else { return nil }
        return try Job(parsing: bytes, path)
    }

    // MARK: Settling

    /// Claims a waiting job. Touch it regularly, and settle it with ``done(_:)``, ``failed(_:_:after:)``,
    /// ``deadLetter(_:_:)`` or ``putBack(_:)``.
    ///
    /// - Returns: `false` if an operator's command took it first.
    package func claim(_ name: JobName) throws(SpoolError) -> Bool {
        // Before the move, so that its lease is never expired in `cur`.
        try JobFile.touch(self.path(name, in: .new))
        return try JobFile.move(self.path(name, in: .new), to: self.path(name, in: .cur))
    }

    package func touch(_ name: JobName) throws(SpoolError) { try JobFile.touch(self.path(name, in: .cur)) }

    package func done(_ name: JobName) throws(SpoolError) {
        try SpoolFile.remove(self.path(name, in: .cur))
        self.left()
        try SpoolFile.remove(self.log(of: name, in: .cur))
    }

    /// Records a failed run: retried later, or dead-lettered if it was the last attempt.
    ///
    /// - Returns: whether it is dead-lettered.
    @discardableResult
    package func failed(_ name: JobName, _ error: String, after delay: Duration, now: Timestamp = .now)
        throws(SpoolError) -> Bool
    {
        guard name.attempt + 1 < self.limits.attempts else {
            try self.deadLetter(name, error, now: now)
            return true
        }
        self.note(error, name, in: .cur, now)
        var next = name
        next.attempt += 1
        next.started = now.millisecondsSince1970 + Int(delay / .milliseconds(1))
        try self.move(name, .cur, to: next, .new)
        return false
    }

    /// Dead-letters a job without further attempts: left to an operator.
    package func deadLetter(_ name: JobName, _ reason: String, now: Timestamp = .now) throws(SpoolError) {
        self.note(reason, name, in: .cur, now)
        var dead = name
        dead.attempt += 1
        // The log first: an orphaned log is pruned, but a dead job without its log cannot be diagnosed.
        _ = try JobFile.move(self.log(of: name, in: .cur), to: self.log(of: dead, in: .dead))
        if try self.move(name, .cur, to: dead, .dead) { self.left() }
    }

    /// Returns a job that is not at fault, without using an attempt.
    package func putBack(_ name: JobName) throws(SpoolError) { try self.move(name, .cur, to: name, .new) }

    // MARK: An operator's commands

    /// Retries a dead job with all its attempts. Its history is kept. Returns `false` if it is no longer dead.
    package func retry(_ name: JobName, now: Timestamp = .now) throws(SpoolError) -> Bool {
        self.note("tried again by an operator", name, in: .dead, now)
        var next = name
        (next.attempt, next.started) = (0, now.millisecondsSince1970)
        _ = try JobFile.move(self.log(of: name, in: .dead), to: self.log(of: next, in: .new))
        return try self.move(name, .dead, to: next, .new)
    }

    /// - Returns: `false` if it is no longer there: in flight, or done.
    package func drop(_ name: JobName, in box: JobBox) throws(SpoolError) -> Bool {
        // A rename, so that a concurrent claim fails cleanly.
        guard try JobFile.move(self.path(name, in: box), to: self.path(name, in: .tmp)) else { return false }
        try SpoolFile.remove(self.path(name, in: .tmp))
        try SpoolFile.remove(self.log(of: name, in: box))
        return true
    }

    // MARK: Steps

    @discardableResult
    func move(_ old: JobName, _ from: JobBox, to new: JobName, _ to: JobBox) throws(SpoolError) -> Bool {
        guard try JobFile.move(self.path(old, in: from), to: self.path(new, in: to)) else { return false }
        try SpoolFile.sync(directory: "\(self.directory)/\(to.rawValue)")
        return true
    }

    /// Appends to the history. Best effort: a full disk must not block the job, so its history may have gaps.
    func note(_ error: String, _ name: JobName, in box: JobBox, _ now: Timestamp) {
        let path = self.path(name, in: box)
        do throws(SpoolError) {
            guard var job = try self.read(name, in: box) else { return }
            job.record(error, attempt: name.attempt, at: now)
            let draft = self.path(name, in: .tmp)
            try SpoolFile.remove(draft)
            try SpoolFile.write(job.serialized, to: draft, isNew: true)
            // Only if the file still exists: a job dropped meanwhile must not reappear.
            guard JobFile.exists(path) else { return try SpoolFile.remove(draft) }
            _ = try JobFile.move(draft, to: path)
        } catch {
            // The next operation reports it: it fails on the same disk.
        }
    }

    /// Recounts from disk, because commands remove and restore jobs.
    package func recount() throws(SpoolError) {
        let count = try self.names(in: .new).count + self.names(in: .cur).count
        self.state.withLock { $0.jobs = count }
    }
}
