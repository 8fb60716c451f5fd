internal import BuildWorker
internal import Clients
package import Foundation
package import Support

/// The cluster simulator as a process: Kubernetes, the build API, and the controls of both.
package struct Simulator: Sendable {
    package let process: ChildProcess
    package let control: String
    package let kubernetes: String
    package let api: String
    package let journal: URL
    private static let transport = HTTPTransport()

    /// - Parameter journal: where every request is written; by default a file that ends with the run.
    package static func start(_ arguments: String..., environment: [String: String] = [:], journal: URL? = nil)
        async throws -> Simulator
    {
        let journal = journal ?? Surroundings.directory.appendingPathComponent(Surroundings.newName("journal"))
        let process = try ChildProcess(
            Surroundings.binaries.appendingPathComponent("cluster-simulator"),
            ["--journal", journal.path, "--start-delay-ms", "0"] + arguments,
            environment: environment)
        try await eventually("the simulator is ready") {
            if !process.isRunning { throw NotInTime(description: "the simulator ended: \(process.errors)") }
            return process.output.contains("\n")
        }
        let ready = try JSONValue(parsing: process.output)
        func address(_ name: String) throws -> String {
            guard let address = ready[name]?.string else {
                throw NotInTime(description: "the simulator did not name its \(name) address: \(process.output)")
            }
            return address
        }
        return Simulator(
            process: process, control: try address("control"), kubernetes: try address("kubernetes"),
            api: try address("api"), journal: journal)
    }

    /// In front of a real cluster: its faults stay the simulator's, and so does the build API.
    package static func start(before cluster: RealCluster, namespace: String) async throws -> Simulator {
        try await self.start(
            "--api-server", cluster.plainServer, "--namespace", namespace,
            environment: ["API_SERVER_TOKEN": cluster.adminToken])
    }

    package func stop() { self.process.signal(SIGTERM) }

    @discardableResult
    private func request(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        let request = HTTPRequest(method: method, url: "\(self.control)\(path)", body: body?.serialized())
        let response = try await Self.transport.send(request, deadline: .seconds(30))
        guard (200..<300).contains(response.status) else {
            throw NotInTime(
                description: "\(method) \(path): \(response.status) \(String(decoding: response.body, as: UTF8.self))")
        }
        return try JSONValue(parsing: response.body.isEmpty ? Array("null".utf8) : response.body)
    }

    package func state() async throws -> State { State(document: try await self.request("GET", "/state")) }
    package func counts() async throws -> JSONValue { try await self.request("GET", "/counts") }

    /// - Returns: the rule's number, by which it is taken back.
    @discardableResult
    package func fault(_ rule: JSONValue) async throws -> Int {
        guard let id = try await self.request("POST", "/faults", rule)["id"]?.integer else {
            throw NotInTime(description: "the simulator did not number a rule")
        }
        return id
    }

    /// Requests like these take effect at once; the answers of the first so many are held until the rule is taken back
    /// (``removeFault(_:)``). So builds are in flight for as long as a test wants.
    package func hold(_ method: String, times: Int) async throws -> Int {
        try await self.fault([
            "listener": "kubernetes", "method": .string(method), "times": .number(String(times)),
            "action": ["hold": true],
        ])
    }

    package func removeFault(_ id: Int) async throws { try await self.request("DELETE", "/faults/\(id)") }
    package func clearFaults() async throws { try await self.request("DELETE", "/faults") }
    package func setListener(_ name: String, open: Bool) async throws {
        try await self.request("POST", "/listeners", ["name": .string(name), "open": .bool(open)])
    }
    /// Changes a build by the API's rules. Throws if it has ended.
    package func setBuild(_ build: Int, status: String) async throws {
        try await self.request("POST", "/builds/\(build)", ["status": .string(status)])
    }
    /// As a user does.
    /// - Returns: false when it has ended before.
    package func abortBuild(_ build: Int) async throws -> Bool {
        let request = HTTPRequest(
            method: "POST", url: "\(self.control)/builds/\(build)",
            body: (["status": "ABORTED"] as JSONValue).serialized())
        let response = try await Self.transport.send(request, deadline: .seconds(30))
        guard response.status == 200 || response.status == 409 else {
            throw NotInTime(description: "build \(build) cannot be aborted: \(response.status)")
        }
        return response.status == 200
    }
    /// There is such a build in this state, whatever it was.
    package func haveBuild(_ build: Int, status: String, steps: Bool = true) async throws {
        try await self.request("PUT", "/builds/\(build)", ["status": .string(status), "steps": .bool(steps)])
    }
    /// The API knows no such build.
    package func forgetBuild(_ build: Int) async throws { try await self.request("DELETE", "/builds/\(build)") }
    /// Lists of pods begun before cannot be continued.
    package func compact() async throws { try await self.request("POST", "/compact") }
    package func reset() async throws { try await self.request("POST", "/reset") }

    /// A build that has ended, and that the API therefore has stopped.
    package struct Stop: Sendable {
        /// Counts from 1.
        package let number: Int
        package let build: Int
    }

    /// The builds that ended since that stop, in order.
    package func stops(after number: Int) async throws -> [Stop] {
        try (try await self.request("GET", "/stops?after=\(number)")["stops"]?.array ?? []).map { stop in
            guard let number = stop["number"]?.integer, let build = stop["build"]?.string.flatMap({ Int($0) }) else {
                throw NotInTime(description: "the simulator told of a stop: \(stop.text())")
            }
            return Stop(number: number, build: build)
        }
    }

    package func setFate(of pod: String, _ fate: String) async throws {
        try await self.request("POST", "/pods/\(pod)", ["fate": .string(fate)])
    }
    package func deletePod(_ pod: String) async throws { try await self.request("DELETE", "/pods/\(pod)") }

    /// Every request so far, in order.
    package func requests() async throws -> [JSONValue] {
        // Reading the state has the journal written.
        _ = try await self.counts()
        return try String(decoding: try Data(contentsOf: self.journal), as: UTF8.self).split(separator: "\n").map {
            try JSONValue(parsing: String($0))
        }
    }

    package struct State: Sendable {
        package let document: JSONValue

        /// All pods ever made for a build, deleted ones too.
        package func pods(_ build: Int) -> [JSONValue] {
            (self.document["pods"]?.array ?? []).filter { $0["build"]?.string == String(build) }
        }
        package func alivePods(_ build: Int) -> [JSONValue] { self.pods(build).filter { $0["deleted"]?.bool != true } }
        package func status(_ build: Int) -> String? { self.build(build)?["status"]?.string }
        package func message(_ build: Int) -> String { self.build(build)?["statusMessage"]?.string ?? "" }
        package func hostname(_ build: Int) -> String? { self.build(build)?[path: "stats", "hostname"]?.string }
        /// What the API was told and took. Questions, which say nothing, are left out.
        package func updates(_ build: Int) -> [JSONValue] {
            (self.build(build)?["updates"]?.array ?? []).compactMap { $0["body"] }.filter {
                $0 != ["stats": [:]] && $0 != [:]
            }
        }
        package var podsCreated: Int { self.document["podsCreated"]?.integer ?? 0 }
        private func build(_ build: Int) -> JSONValue? { self.document[path: "builds", String(build)] }
    }
}
