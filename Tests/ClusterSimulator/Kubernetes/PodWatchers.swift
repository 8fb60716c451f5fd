import NIOCore

/// From where on a watch reports.
enum WatchStart {
    /// Existing pods are reported as added first.
    case everything
    /// Only what happened after this resource version.
    case after(Int)
}

/// `type` of a watch event.
enum WatchChange: String {
    case added = "ADDED"
    case modified = "MODIFIED"
    case deleted = "DELETED"
}

/// The open watches, and the timers that let pods change while nobody looks.
final class PodWatchers {
    private struct Watcher {
        var filter: PodFilter
        var connection: Connection
    }

    private let loop: NIOIsolatedEventLoop
    private var watchers: [ObjectIdentifier: Watcher] = [:]
    private var armed: [ObjectIdentifier: Timestamp] = [:]
    /// The last deletions, for watches and lists that begin at an older resource version.
    private(set) var deletions: [Pod] = []
    /// Deletions up to this version are not known any more.
    private(set) var forgottenVersion = 0

    private static let rememberedDeletions = 256

    init(loop: NIOIsolatedEventLoop) { self.loop = loop }

    /// - Parameter present: the living pods that match.
    func add(_ filter: PodFilter, since start: WatchStart, on connection: Connection, present: [Pod]) {
        let key = ObjectIdentifier(connection)
        watchers[key] = Watcher(filter: filter, connection: connection)
        connection.onClose = { [unowned self] in watchers[key] = nil }
        switch start {
        case .everything:
            for pod in present { connection.sendChunk(event(.added, pod)) }
        case .after(let version):
            let missed = (present + deletions.filter(filter.matches)).filter { $0.resourceVersion > version }
            for pod in missed.sorted(by: { $0.resourceVersion < $1.resourceVersion }) {
                let change: WatchChange = pod.isDeleted ? .deleted : pod.createdVersion > version ? .added : .modified
                connection.sendChunk(event(change, pod))
            }
        }
    }

    func announce(_ change: WatchChange, _ pod: Pod) {
        if !watchers.isEmpty {
            let event = event(change, pod)
            for watcher in watchers.values where watcher.filter.matches(pod) { watcher.connection.sendChunk(event) }
        }
        guard change == .deleted else { return }
        deletions.append(pod)
        if deletions.count > 2 * Self.rememberedDeletions {
            for old in deletions.prefix(Self.rememberedDeletions) {
                old.forgetDocument()
                forgottenVersion = old.resourceVersion
            }
            deletions.removeFirst(Self.rememberedDeletions)
        }
    }

    func forgetDeletions(before version: Int) {
        deletions.removeAll()
        forgottenVersion = version
    }

    /// Sets the timer for the pod's next change: its build's launcher acts then, and whoever watches is told.
    func arm(_ pod: Pod, refresh: @escaping () -> Void) {
        guard !pod.isDeleted, let change = pod.nextChange else { return }
        let key = ObjectIdentifier(pod)
        guard armed[key] != change else { return }
        armed[key] = change
        // A millisecond more, so that the change has certainly come when the timer fires.
        let wait = max(0, change.microseconds - Timestamp.now().microseconds) + 1000
        loop.scheduleTask(in: .microseconds(wait)) { [self] in
            if armed[key] == change { armed[key] = nil }
            refresh()
        }
    }

    private func event(_ change: WatchChange, _ pod: Pod) -> ByteBuffer {
        var event = ByteBuffer()
        event.writeStaticString("{\"type\":\"")
        event.writeString(change.rawValue)
        event.writeStaticString("\",\"object\":")
        pod.write(into: &event, as: .alone)
        event.writeStaticString("}\n")
        return event
    }
}
