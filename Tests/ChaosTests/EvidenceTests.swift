import ChaosModel
import Foundation
import Testing

@Suite struct EvidenceTests {
    private func files() throws -> EvidenceFiles {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "chaos-evidence-\(UInt32.random(in: .min ... .max))")
        let files = EvidenceFiles(directory)
        try FileManager.default.createDirectory(at: files.logs, withIntermediateDirectories: true)
        let recording = Recording().evidence
        try JSONEncoder().encode(recording.settings).write(to: files.settings)
        try JSONEncoder().encode(recording.end).write(to: files.end)
        try self.write(recording.published, to: files.published)
        try self.write(recording.faults, to: files.faults)
        try self.write(recording.workers, to: files.workers)
        try self.write(recording.queues, to: files.queues)
        try self.write(recording.parked, to: files.parked)
        try self.write(recording.reports, to: files.reports)
        try Data(
            #"""
            {"seq":1,"t":1001.5,"listener":"kubernetes","method":"POST","path":"/api","status":201,"build":"1","pod":"1-a","effect":"created","fault":null,"connection":1}
            {"seq":2,"t":1001.6,"listener":"api","method":"PUT","path":"/v4/builds/1","status":null,"build":"1","pod":null,"effect":"updated","fault":"rule 1 reset-after","connection":2,"delay_ms":5,"body":{"statusMessage":"x","stats":{"hostname":"n"}}}

            """#.utf8
        ).write(to: files.journal)
        try Data(
            #"{"pods":[{"name":"1-a","build":"1","namespace":"b","phase":"Running","image":"i","created_ms":1,"deleted":false}],"podsCreated":1,"builds":{"1":{"status":"QUEUED","stats":{},"updates":[]}},"requests":2,"faulted":1}"#
                .utf8
        )
        .write(to: files.state)
        return files
    }

    private func remove(_ files: EvidenceFiles) {
        do { try FileManager.default.removeItem(at: files.directory) } catch { Issue.record("\(error)") }
    }

    private func write<Record: Codable & Sendable>(_ records: [Record], to file: URL) throws {
        let lines = try JSONLines<Record>(file)
        for record in records { try lines.write(record) }
    }

    @Test func whatARunWritesIsRead() throws {
        let files = try self.files()
        defer { self.remove(files) }
        let evidence = try Evidence(reading: files)
        let recording = Recording().evidence
        #expect(evidence.published == recording.published)
        #expect(
            evidence.faults == recording.faults && evidence.workers == recording.workers
                && evidence.queues == recording.queues)
        #expect(
            evidence.parked == recording.parked && evidence.reports == recording.reports
                && evidence.settings == recording.settings && evidence.end == recording.end)
        #expect(evidence.journal.map(\.status) == [201, nil])
        #expect(evidence.journal[1].body?.statusMessage == "x")
        #expect(evidence.state.pods == [.init(name: "1-a", build: "1", phase: "Running", deleted: false)])
    }

    @Test func secretsAreSearchedForInEveryLog() throws {
        let files = try self.files()
        defer { self.remove(files) }
        try Data("all is well\n".utf8).write(to: files.logs.appendingPathComponent("worker-1-1.out"))
        try Data("token=secret-17\n".utf8).write(to: files.logs.appendingPathComponent("worker-2-1.err"))
        #expect(try Evidence(reading: files).logsWithSecrets == ["worker-2-1.err"])
    }

    @Test func halfALineIsNotEvidence() throws {
        let files = try self.files()
        defer { self.remove(files) }
        try Data(#"{"t":1,"job":"sta"#.utf8).write(to: files.published)
        #expect { try Evidence(reading: files) } throws: { "\($0)".contains("published.jsonl, line 1") }
    }

    @Test func aMissingFileIsNotEvidence() throws {
        let files = try self.files()
        defer { self.remove(files) }
        try FileManager.default.removeItem(at: files.parked)
        #expect(throws: (any Error).self) { try Evidence(reading: files) }
    }
}
