internal import ChaosModel
internal import Foundation

/// Writes the evidence while it comes about, and says on stderr what happens.
struct Recorder: Sendable {
    let files: EvidenceFiles
    let began = Recorder.now
    let published: JSONLines<PublishRecord>
    let faults: JSONLines<FaultRecord>
    let workers: JSONLines<WorkerRecord>
    let queues: JSONLines<QueueRecord>
    let parked: JSONLines<ParkedMessage>
    let reports: JSONLines<ReportRecord>

    /// Replaces what is in the directory.
    init(_ files: EvidenceFiles, _ settings: ChaosSettings) throws {
        if FileManager.default.fileExists(atPath: files.directory.path) {
            try FileManager.default.removeItem(at: files.directory)
        }
        try FileManager.default.createDirectory(at: files.logs, withIntermediateDirectories: true)
        try JSONEncoder().encode(settings).write(to: files.settings)
        self.files = files
        self.published = try JSONLines(files.published)
        self.faults = try JSONLines(files.faults)
        self.workers = try JSONLines(files.workers)
        self.queues = try JSONLines(files.queues)
        self.parked = try JSONLines(files.parked)
        self.reports = try JSONLines(files.reports)
    }

    /// Seconds since 1970, as in the simulator's journal.
    static var now: Double { Date().timeIntervalSince1970 }

    func record(_ entry: FaultSchedule.Entry, _ phase: FaultRecord.Phase, _ text: String? = nil, rule: Int? = nil)
        throws
    {
        let text = text ?? entry.fault.description
        try self.faults.write(
            FaultRecord(t: Self.now, number: entry.number, kind: entry.fault.kind, phase: phase, text: text, rule: rule)
        )
        switch phase {
        case .began: self.say("fault \(entry.number): \(text)")
        case .notMade: self.say("fault \(entry.number) could not be made: \(text)")
        case .over: break
        }
    }

    func record(worker: Int, _ event: WorkerRecord.Event, code: Int32? = nil) throws {
        try self.workers.write(WorkerRecord(t: Self.now, worker: worker, event: event, code: code))
        if event == .ended || event == .stuck {
            self.say("worker \(worker) \(event.rawValue), exit code \(code.map(String.init) ?? "-")")
        }
    }

    func say(_ text: String) {
        FileHandle.standardError.write(Data((String(format: "%6.1f s  ", Self.now - self.began) + text + "\n").utf8))
    }
}
