import NIOCore
import NIOHTTP1

/// The port by which tests look at the simulated world and interfere with it.
struct ControlAPI {
    let simulation: Simulation

    func answer(_ request: Request) -> Outcome {
        do throws(JSONProblem) {
            return try route(request)
        } catch {
            return failure(400, "\(error)")
        }
    }

    private func route(_ request: Request) throws(JSONProblem) -> Outcome {
        let path = request.path
        switch (request.method, path.first ?? "", path.count) {
        case (.GET, "health", 1): return .answer(Response(status: 200, text: "ok"))
        case (.GET, "state", 1):
            return .answer(Response(status: 200, body: StateReport(simulation: simulation).state()))
        case (.GET, "counts", 1):
            return .answer(Response(status: 200, body: StateReport(simulation: simulation).counts()))
        case (.POST, "faults", 1):
            let specification = try FaultSpecification(Array(request.body.readableBytesView))
            return .answer(Response(status: 200, json: "{\"id\":\(simulation.faults.add(specification))}"))
        case (.DELETE, "faults", 1):
            simulation.faults.removeAll()
            return done
        case (.DELETE, "faults", 2):
            return Int(path[1]).map(simulation.faults.remove) == true ? done : failure(404, "no such fault")
        case (.POST, "latency", 1):
            var milliseconds: Int64?
            try members(of: request, allowing: ["ms"]) { scanner, _ throws(JSONProblem) in
                milliseconds = try scanner.number("ms", in: 0...3_600_000)
            }
            guard let milliseconds else { return failure(400, "\"ms\" is missing") }
            simulation.latency = .milliseconds(milliseconds)
            return done
        case (.POST, "token", 1):
            var token: String?
            try members(of: request, allowing: ["token"]) { scanner, _ throws(JSONProblem) in
                token = try scanner.stringOrSkip()
            }
            simulation.token = token
            return done
        case (.POST, "listeners", 1): return try changeListener(request)
        case (.POST, "builds", 2): return try changeBuild(path[1], request)
        case (.PUT, "builds", 2): return try setBuild(path[1], request)
        case (.DELETE, "builds", 2):
            simulation.builds.forget(path[1])
            return done
        case (.GET, "stops", 1):
            let after = request.parameter("after").flatMap { Int($0) } ?? 0
            return .answer(Response(status: 200, body: StateReport(simulation: simulation).stops(after: after)))
        case (.POST, "pods", 2): return try changePod(path[1], request)
        case (.DELETE, "pods", 2):
            return remove(simulation.pods.pods(named: path[1]))
        case (.POST, "compact", 1):
            simulation.pods.compact()
            return done
        case (.POST, "reset", 1):
            if simulation.cluster != nil { return failure(409, "a real cluster cannot be reset") }
            simulation.reset()
            return done
        default: return failure(404, "unknown: \(request.method) \(request.uri); see cluster-simulator --help")
        }
    }

    private func changeListener(_ request: Request) throws(JSONProblem) -> Outcome {
        var name: ListenerName?
        var open: Bool?
        try members(of: request, allowing: ["name", "open"]) { scanner, key throws(JSONProblem) in
            if key == "name" {
                name = ListenerName(rawValue: try scanner.string())
            } else {
                open = try scanner.boolean()
            }
        }
        guard let name, name != .control, let listener = simulation.listeners[name] else {
            return failure(400, "\"name\" must be \"kubernetes\" or \"api\"")
        }
        guard let open else { return failure(400, "\"open\" must be true or false") }
        let change = open ? listener.open() : listener.close()
        return .eventually(
            change
                .map { Response(status: 200, json: "{\"ok\":true}") }
                .recover { Response(status: 500, json: "{\"error\":\"\($0)\"}") })
    }

    private func changeBuild(_ id: String, _ request: Request) throws(JSONProblem) -> Outcome {
        let update = try BuildUpdate(Array(request.body.readableBytesView))
        guard let build = simulation.builds.build(id) else { return failure(404, "no such build") }
        do throws(Build.Refusal) {
            try simulation.builds.update(build, update, by: .control)
        } catch {
            return failure(409, error.message)
        }
        return done
    }

    private func setBuild(_ id: String, _ request: Request) throws(JSONProblem) -> Outcome {
        var status: BuildStatus?
        var message: String?
        var hasSteps = true
        try members(of: request, allowing: ["status", "statusMessage", "steps"]) { scanner, key throws(JSONProblem) in
            switch key {
            case "status": status = BuildStatus(rawValue: try scanner.string())
            case "statusMessage": message = try scanner.stringOrSkip()
            default: hasSteps = try scanner.boolean()
            }
        }
        guard let status else { return failure(400, "\"status\" must be a build's, such as RUNNING") }
        simulation.builds.set(Build(id: id, status: status, statusMessage: message, hasSteps: hasSteps))
        return done
    }

    private func changePod(_ name: String, _ request: Request) throws(JSONProblem) -> Outcome {
        var fate: Fate?
        try members(of: request, allowing: ["fate"]) { scanner, _ throws(JSONProblem) in
            fate = Fate(name: try scanner.string())
        }
        guard let fate else { return failure(400, "\"fate\" must name a fate, such as running or slow-2.5") }
        let pods = simulation.pods.pods(named: name)
        for pod in pods { simulation.pods.change(pod, to: fate) }
        guard let pod = pods.first else { return failure(404, "no such pod") }
        guard let kubelet = simulation.cluster?.kubelet else { return done }
        let shown = DeferredOutcome()
        kubelet.whenShown(pod) { shown.resolve(done) }
        return .deferred(shown)
    }

    private func remove(_ pods: [Pod]) -> Outcome {
        guard let first = pods.first else { return failure(404, "no such pod") }
        guard let kubelet = simulation.cluster?.kubelet else {
            for pod in pods { simulation.pods.remove(pod) }
            return done
        }
        // A real cluster's one namespace has one pod of a name.
        let gone = DeferredOutcome()
        kubelet.delete(first) { gone.resolve(done) }
        return .deferred(gone)
    }

    // MARK: Pieces

    private func members(
        of request: Request, allowing keys: [String],
        _ member: (inout JSONScanner, String) throws(JSONProblem) -> Void
    ) throws(JSONProblem) {
        var scanner = JSONScanner(Array(request.body.readableBytesView))
        try scanner.object { scanner, key throws(JSONProblem) in
            guard keys.contains(key) else { throw scanner.problem("unknown member \"\(key)\"") }
            try member(&scanner, key)
        }
        try scanner.end()
    }

    private var done: Outcome { .answer(Response(status: 200, json: "{\"ok\":true}")) }

    private func failure(_ code: Int, _ message: String) -> Outcome {
        var body = ByteBuffer()
        body.writeStaticString("{\"error\":")
        body.writeJSON(message)
        body.writeStaticString("}")
        return .answer(Response(status: code, body: body))
    }
}
