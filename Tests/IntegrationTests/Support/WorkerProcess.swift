import Foundation
import TestSupport
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

/// The worker's own binary, as an operator runs it.
final class WorkerProcess: Sendable {
    let child: ChildProcess
    /// What it was given and must not show.
    let secrets: [String]
    private static let transport = HTTPTransport()

    /// - Parameter openFiles: how many files and connections it may have open at a time, as `ulimit` takes it.
    init(_ arguments: [String], environment: [String: String], input: Data? = nil, openFiles: String? = nil) throws {
        self.secrets = [environment["K8S_TOKEN"] ?? ""].filter { !$0.isEmpty }
        let worker = Surroundings.binaries.appendingPathComponent("worker")
        guard let openFiles else {
            self.child = try ChildProcess(worker, arguments, environment: environment, input: input)
            return
        }
        let command = ["-c", "ulimit \(openFiles); exec \"$0\" \"$@\"", worker.path] + arguments
        self.child = try ChildProcess(URL(fileURLWithPath: "/bin/sh"), command, environment: environment, input: input)
    }

    /// Runs a command to its end.
    static func run(_ arguments: [String], environment: [String: String], input: Data? = nil) async throws -> (
        code: Int32, output: String, errors: String
    ) {
        let worker = try WorkerProcess(arguments, environment: environment, input: input)
        let code = try await worker.child.waitForExit()
        return (code, worker.child.output, worker.child.errors)
    }

    /// The log so far, a JSON object a line. A line that is not whole yet is left out.
    func log() throws -> [JSONValue] {
        let text = self.child.output
        return try text.split(separator: "\n", omittingEmptySubsequences: true).dropLast(text.hasSuffix("\n") ? 0 : 1)
            .map { try JSONValue(parsing: String($0)) }
    }

    func messages() throws -> [String] { try self.log().compactMap { $0["message"]?.string } }

    /// - Parameter event: what the line is about, whatever its sentence says.
    func hasLogged(event: String) throws -> Bool { try self.log().contains { $0["event"]?.string == event } }

    func hasLogged(_ text: String) throws -> Bool { try self.messages().contains { $0.contains(text) } }

    func waitUntilConsuming(queues: Int = 2) async throws {
        try await eventually("the worker consumes") {
            if !self.child.isRunning {
                throw NotInTime(description: "the worker ended: \(self.child.output) \(self.child.errors)")
            }
            return try self.messages().count { $0.hasPrefix("waiting for messages in queues:") } >= queues
        }
    }

    /// `PORT`: for probes and Prometheus.
    func healthPort() async throws -> Int { try await self.logged("port") }
    /// `STATUS_PORT`: for operators, who get all that there is.
    func statusPort() async throws -> Int { try await self.logged("statusPort") }

    /// Waits for the servers, which may be up a moment after the consumers.
    private func logged(_ name: String) async throws -> Int {
        var port: Int?
        try await eventually("the worker has logged its \(name)") {
            port = try self.log().compactMap { $0[name]?.integer }.first
            return port != nil
        }
        return try #require(port)
    }

    func health() async throws -> (status: Int, text: String) { try await self.get("/health") }

    func status() async throws -> JSONValue { try JSONValue(parsing: try await self.get("/status").text) }

    /// By sample, as Prometheus reads it: `name{label="value"}`.
    func metrics() async throws -> [String: Double] {
        let lines = try await self.get("/metrics").text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        return Dictionary(
            try lines.map { line in
                let space = try #require(line.lastIndex(of: " "))
                return (String(line[..<space]), try #require(Double(line[line.index(after: space)...])))
            }
        ) { first, _ in first }
    }

    func get(_ path: String) async throws -> (status: Int, text: String) {
        try await self.get(path, on: try await self.statusPort())
    }

    func probe(_ path: String) async throws -> (status: Int, text: String) {
        try await self.get(path, on: try await self.healthPort())
    }

    private func get(_ path: String, on port: Int) async throws -> (status: Int, text: String) {
        let request = HTTPRequest(method: "GET", url: "http://127.0.0.1:\(port)\(path)", body: nil)
        let response = try await Self.transport.send(request, deadline: .seconds(30))
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    /// Ends it as Kubernetes does.
    @discardableResult
    func terminate() async throws -> Int32 {
        self.child.signal(SIGTERM)
        let code = try await self.child.waitForExit()
        try LogCheck.holds(self)
        return code
    }
}
