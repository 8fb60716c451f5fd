import Foundation

/// All that the checker knows about a run. Nothing of it was written by a worker but the logs, which are searched for secrets.
package struct Evidence: Sendable {
    package var settings: ChaosSettings
    package var published: [PublishRecord]
    package var faults: [FaultRecord]
    package var workers: [WorkerRecord]
    package var queues: [QueueRecord]
    package var parked: [ParkedMessage]
    package var reports: [ReportRecord]
    package var journal: [JournalRecord]
    package var state: ClusterState
    package var end: RunEnd
    /// Names of log files that show one of ``RunEnd/secrets``.
    package var logsWithSecrets: [String]

    package init(
        settings: ChaosSettings, published: [PublishRecord], faults: [FaultRecord], workers: [WorkerRecord],
        queues: [QueueRecord],
        parked: [ParkedMessage], reports: [ReportRecord], journal: [JournalRecord], state: ClusterState, end: RunEnd,
        logsWithSecrets: [String]
    ) {
        (self.settings, self.published, self.faults, self.workers, self.queues) = (
            settings, published, faults, workers, queues
        )
        (self.parked, self.reports, self.journal) = (parked, reports, journal)
        (self.state, self.end, self.logsWithSecrets) = (state, end, logsWithSecrets)
    }

    /// Throws when a file is missing or a line of it cannot be read: half the evidence proves nothing.
    package init(reading files: EvidenceFiles) throws {
        func document<Value: Decodable>(_ file: URL) throws -> Value {
            try JSONDecoder().decode(Value.self, from: try Data(contentsOf: file))
        }
        let end: RunEnd = try document(files.end)
        self.init(
            settings: try document(files.settings), published: try EvidenceFiles.records(in: files.published),
            faults: try EvidenceFiles.records(in: files.faults),
            workers: try EvidenceFiles.records(in: files.workers), queues: try EvidenceFiles.records(in: files.queues),
            parked: try EvidenceFiles.records(in: files.parked),
            reports: try EvidenceFiles.records(in: files.reports),
            journal: try EvidenceFiles.records(in: files.journal), state: try document(files.state), end: end,
            logsWithSecrets: try Self.search(files.logs, for: end.secrets))
    }

    private static func search(_ directory: URL, for secrets: [String]) throws -> [String] {
        try FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil).filter { file in
            let text = try Data(contentsOf: file)
            return secrets.contains { text.firstRange(of: Data($0.utf8)) != nil }
        }.map(\.lastPathComponent).sorted()
    }
}
