internal import BuildWorker
internal import Clients
internal import Foundation
internal import TestSupport

/// The worker under attack: one process after another, as a kubelet has it.
actor Target {
    nonisolated let port: Int
    nonisolated let statusPort: Int
    nonisolated let variables: [String: String]
    nonisolated let box: WorkerBox
    private nonisolated let logs: URL
    private var process: ChildProcess?
    private var more: [String: String] = [:]
    private var isRestarted = true
    private(set) var starts = 0
    private(set) var ends: [Int32] = []
    private(set) var peak = 0
    private static let transport = HTTPTransport()

    init(_ variables: [String: String], _ box: WorkerBox, logs: URL) throws {
        (self.box, self.logs) = (box, logs)
        (self.port, self.statusPort) = (try FreePort.find(), try FreePort.find())
        self.variables = variables.merging([
            "PORT": String(self.port), "STATUS_PORT": String(self.statusPort), "HOST": "127.0.0.1",
        ]) { $1 }
    }

    /// Whether what ends is started again.
    func restart(_ isWanted: Bool) { self.isRestarted = isWanted }

    /// - Parameter more: variables of this start and those that follow it by themselves.
    func start(_ more: [String: String]? = nil) throws {
        if let more { self.more = more }
        self.starts += 1
        self.process = try ChildProcess(
            URL(fileURLWithPath: "/bin/sh"),
            ["-c", self.box.script, "sh", Surroundings.binaries.appendingPathComponent("worker").path, "run"],
            environment: self.variables.merging(self.more) { $1 },
            logs: URL(fileURLWithPath: "\(self.logs.path)-\(self.starts)"))
    }

    /// Until cancelled: starts it again when it has ended, and looks at its memory.
    func supervise() async throws {
        while !Task.isCancelled {
            self.look()
            if let process, !process.isRunning {
                self.ends.append(try await process.waitForExit())
                self.process = nil
                guard self.isRestarted else { continue }
                guard self.ends.count < 20 else { return }
                try await Task.sleep(for: .milliseconds(500))
                try self.start()
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    /// The kernel keeps the most that there ever was.
    private func look() {
        guard let process, let status = FileManager.default.contents(atPath: "/proc/\(process.pid)/status") else {
            return
        }
        let text = String(decoding: status, as: UTF8.self)
        // Before it is the worker it is a shell.
        self.peak = max(self.peak, (text.firstMatch(of: /VmHWM:\s+(\d+) kB/).flatMap { Int($0.output.1) } ?? 0) << 10)
    }

    func kill(_ signal: Int32) { self.process?.signal(signal) }

    /// SIGTERM. Ends the supervision's part: nobody starts it again.
    func stop() async throws {
        self.look()
        guard let process else { return }
        self.process = nil
        process.signal(SIGTERM)
        do {
            let code = try await process.waitForExit(within: .seconds(60))
            if code != 0 { self.ends.append(code) }
        } catch is NotInTime {
            try await process.kill9()
            self.ends.append(-1)
        }
    }

    var isRunning: Bool { self.process?.isRunning ?? false }

    func lastLog() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: "\(self.logs.path)-\(self.starts).out")) }

    nonisolated func files() -> [URL] {
        let directory = self.logs.deletingLastPathComponent()
        let all = (try? FileManager.default.contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)) ?? []
        return all.filter { $0.lastPathComponent.hasPrefix("\(self.logs.lastPathComponent)-") }
    }

    nonisolated func get(_ path: String, isPage: Bool = false) async throws -> (status: Int, text: Data) {
        let request = HTTPRequest(method: "GET", url: "http://127.0.0.1:\(isPage ? self.statusPort : self.port)\(path)")
        let response = try await Self.transport.send(request, deadline: .seconds(10))
        return (response.status, Data(response.body))
    }

    /// Whether it is alive and ready, as a kubelet asks.
    nonisolated func isReady() async -> Bool {
        for path in ["/livez", "/readyz"] {
            guard let answer = try? await self.get(path), answer.status == 200 else { return false }
        }
        return true
    }

    /// A command that an operator types, and all that it says.
    nonisolated func command(_ arguments: [String]) async throws -> Data {
        let command = try ChildProcess(
            Surroundings.binaries.appendingPathComponent("worker"), arguments, environment: self.variables)
        try await command.waitForExit()
        return Data((command.output + command.errors).utf8)
    }
}
