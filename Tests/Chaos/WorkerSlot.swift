internal import BuildWorker
internal import ChaosModel
internal import Foundation
internal import Support
internal import TestSupport

/// A place for a worker: one process after another, with the same name and the same spool directory.
actor WorkerSlot {
    nonisolated let number: Int
    nonisolated let disk: SpoolDisk
    nonisolated let clock: WorkerClock
    private let environment: [String: String]
    private let settings: ChaosSettings
    private let recorder: Recorder
    private var process: ChildProcess?
    private var starts = 0
    /// Whether an end is nobody's wish.
    private var isToRun = false

    init(
        _ number: Int, _ settings: ChaosSettings, environment: [String: String], disk: SpoolDisk, clock: WorkerClock,
        _ recorder: Recorder
    ) {
        (self.number, self.settings, self.disk, self.clock, self.recorder) = (number, settings, disk, clock, recorder)
        self.environment = environment.merging(clock.environment) { $1 }
            .merging(["HOSTNAME": "worker-\(number)", "SPOOL_DIRECTORY": disk.directory.path]) { $1 }
    }

    func start() throws {
        self.starts += 1
        let (program, arguments) = WorkerClock.command(
            Surroundings.binaries.appendingPathComponent("worker").path, ["run"])
        let process = try ChildProcess(
            program, arguments, environment: self.environment,
            logs: self.recorder.files.logs.appendingPathComponent("worker-\(self.number)-\(self.starts)"))
        try self.clock.isUsed(by: process.pid)
        self.process = process
        self.isToRun = true
        try self.recorder.record(worker: self.number, .started)
    }

    /// `kill -9`.
    func kill9() async throws {
        guard let process = self.release() else { return }
        try await process.kill9()
        try self.ended(process, .killed)
    }

    /// SIGTERM, and the patience that Kubernetes has. Kills what does not end.
    func drain() async throws {
        guard let process = self.release() else { return }
        process.signal(SIGTERM)
        do {
            let code = try await process.waitForExit(within: .seconds(self.settings.drainTimeout + 10))
            try self.ended(process, .drained, code)
        } catch is NotInTime {
            try await process.kill9()
            try self.ended(process, .stuck)
        }
    }

    /// What the worker wrote down of failures, as an operator reads it.
    func reports() async throws -> [ReportRecord] {
        let list = try ChildProcess(
            Surroundings.binaries.appendingPathComponent("worker"), ["reports", "list", "--json"],
            environment: self.environment.filter { $0.key != "LD_PRELOAD" })
        guard try await list.waitForExit() == 0 else {
            throw NotInTime(description: "worker reports list: \(list.errors)")
        }
        return try list.output.split(separator: "\n").map { line in
            let report = try JSONValue(parsing: String(line))
            return ReportRecord(
                worker: self.number, kind: report["kind"]?.string ?? "", build: report["buildId"]?.integer)
        }
    }

    func freeze() { self.process?.signal(SIGSTOP) }
    func thaw() { self.process?.signal(SIGCONT) }

    /// Until cancelled: starts the worker again when it ended by itself, as a kubelet does.
    func supervise() async throws {
        while !Task.isCancelled {
            if self.isToRun, let process = self.process, !process.isRunning {
                self.isToRun = false
                try self.ended(process, .ended, try await process.waitForExit())
                try await Task.sleep(for: .seconds(1))
                try self.start()
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func release() -> ChildProcess? {
        defer { (self.process, self.isToRun) = (nil, false) }
        return self.process
    }

    private func ended(_ process: ChildProcess, _ event: WorkerRecord.Event, _ code: Int32? = nil) throws {
        try self.recorder.record(worker: self.number, event, code: code)
        try WorkerClock.removeTraces(of: process.pid)
    }
}
