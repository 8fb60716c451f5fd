package import Spool
package import Support

/// Inspects and repairs the spool, beside a running worker or without one: every change is one rename.
package struct SpoolView: Sendable {
    package struct Entry: Sendable {
        package let kind: JobKind
        package let box: JobBox
        package let name: JobName
        /// `nil`: it cannot be read.
        package let job: Job?

        package var lastError: String? { self.job?.history.last?.error }
    }

    package struct Selection: Sendable {
        package var kinds: Set<JobKind> = Set(JobKind.allCases)
        package var boxes: Set<JobBox> = [.new, .cur, .dead]
        /// Empty: all.
        package var ids: Set<String> = []
        /// Minimum age.
        package var olderThan = Duration.zero
        /// Matches the output of `worker spool show`; empty: all.
        package var text = ""

        package init() {}
    }

    private let queues: [SpoolQueue]

    package init(spool: String) throws(SpoolError) {
        var queues: [SpoolQueue] = []
        for kind in JobKind.allCases where SpoolDirectory.exists("\(spool)/queues/\(kind.rawValue)") {
            queues.append(try SpoolQueue(kind, spool: spool, makingBoxes: false))
        }
        self.queues = queues
    }

    /// Sorted by kind and box, then by when they may run.
    package func entries(_ selection: Selection = Selection(), now: Timestamp = .now) throws(SpoolError) -> [Entry] {
        var entries: [Entry] = []
        let limit = now.millisecondsSince1970 - Int(selection.olderThan / .milliseconds(1))
        for queue in self.queues where selection.kinds.contains(queue.kind) {
            for box in [JobBox.new, .cur, .dead] where selection.boxes.contains(box) {
                for name in try queue.names(in: box)
                where name.created <= limit && (selection.ids.isEmpty || selection.ids.contains(name.id)) {
                    let entry = Self.entry(name, box, queue)
                    if selection.text.isEmpty || Self.matches(entry, selection.text) { entries.append(entry) }
                }
            }
        }
        return entries
    }

    private static func entry(_ name: JobName, _ box: JobBox, _ queue: SpoolQueue) -> Entry {
        do throws(SpoolError) {
            return Entry(kind: queue.kind, box: box, name: name, job: try queue.read(name, in: box))
        } catch { return Entry(kind: queue.kind, box: box, name: name, job: nil) }
    }

    private static func matches(_ entry: Entry, _ text: String) -> Bool {
        entry.job.map { $0.document.text().contains(text) } ?? false
    }

    /// The end of the job's log, at most `limit` bytes; `nil`: no output.
    package func log(of entry: Entry, limit: Int = 65_536) throws(SpoolError) -> String? {
        guard let queue = self.queue(entry) else { return nil }
        return try SpoolFile.read(queue.log(of: entry.name, in: entry.box)).map {
            String(decoding: $0.suffix(limit), as: UTF8.self)
        }
    }

    /// Moves a dead job back to waiting, with all attempts. Returns `false` if it is not dead any more.
    package func retry(_ entry: Entry) throws(SpoolError) -> Bool { try self.queue(entry)?.retry(entry.name) ?? false }

    /// - Returns: `false` if it is in flight or gone.
    package func drop(_ entry: Entry) throws(SpoolError) -> Bool {
        // A worker is running it: dropping would not stop it.
        guard entry.box != .cur else { return false }
        return try self.queue(entry)?.drop(entry.name, in: entry.box) ?? false
    }

    private func queue(_ entry: Entry) -> SpoolQueue? { self.queues.first { $0.kind == entry.kind } }
}

extension SpoolView.Entry {
    /// Without secrets.
    package func document(now: Timestamp = .now) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("id", .string(self.name.id)), .init("kind", .string(self.kind.rawValue)),
            .init("box", .string(self.box.rawValue)),
            .init("ageSeconds", .number(String(max(0, (now.millisecondsSince1970 - self.name.created) / 1000)))),
            .init("attempt", .number(String(self.name.attempt))),
        ]
        if self.box == .new {
            members.append(
                .init("dueInSeconds", .number(String(max(0, (self.name.started - now.millisecondsSince1970) / 1000)))))
        }
        members.append(.init("lastError", self.lastError.map { .string($0) } ?? .null))
        members.append(.init("job", self.job?.document ?? .null))
        return .object(members)
    }

    package func line(now: Timestamp = .now) -> String {
        let age = Duration.seconds(max(0, (now.millisecondsSince1970 - self.name.created) / 1000)).formatted
        let wait = self.name.started - now.millisecondsSince1970
        let due = self.box == .new && wait > 0 ? "  due in \(Duration.seconds((wait + 999) / 1000).formatted)" : ""
        let error = self.job == nil ? "  cannot be read" : self.lastError.map { "  \($0)" } ?? ""
        return
            "\(self.name.id)  \(self.kind.rawValue)  \(self.box.rawValue)  age \(age)  attempts \(self.name.attempt)\(due)\(error)"
    }
}
