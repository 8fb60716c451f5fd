package import Foundation

/// Where a run leaves what the checker reads.
package struct EvidenceFiles: Sendable {
    package let directory: URL

    package init(_ directory: URL) { self.directory = directory }

    /// ``ChaosSettings``.
    package var settings: URL { self.directory.appendingPathComponent("settings.json") }
    /// ``PublishRecord``, a line each attempt to publish.
    package var published: URL { self.directory.appendingPathComponent("published.jsonl") }
    /// ``FaultRecord``, a line when it begins and one when it is over.
    package var faults: URL { self.directory.appendingPathComponent("faults.jsonl") }
    /// ``WorkerRecord``, a line each start and end of a worker.
    package var workers: URL { self.directory.appendingPathComponent("workers.jsonl") }
    /// ``QueueRecord``, a line each look at the queues.
    package var queues: URL { self.directory.appendingPathComponent("queues.jsonl") }
    /// ``ParkedMessage``, a line each.
    package var parked: URL { self.directory.appendingPathComponent("parked.jsonl") }
    /// ``ReportRecord``, a line each.
    package var reports: URL { self.directory.appendingPathComponent("reports.jsonl") }
    /// The simulator's own: every request, in the order of their effects.
    package var journal: URL { self.directory.appendingPathComponent("journal.jsonl") }
    /// What the simulator's `/state` says at the end.
    package var state: URL { self.directory.appendingPathComponent("state.json") }
    /// ``RunEnd``.
    package var end: URL { self.directory.appendingPathComponent("end.json") }
    /// What the workers wrote to stdout and stderr.
    package var logs: URL { self.directory.appendingPathComponent("logs") }
}
