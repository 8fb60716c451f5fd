import NIOCore
import NIOHTTP1

/// A request to the build API, understood but not carried out.
enum BuildCall {
    case update(build: String, body: ByteBuffer)
    case read(build: String)
    /// The answer depends on no build. The id is known if the path has one.
    case fixed(Response, build: String?)

    var build: String? {
        switch self {
        case .update(let build, _), .read(let build): build
        case .fixed(_, let build): build
        }
    }
}

/// The part of Screwdriver's API that a build worker uses.
struct BuildAPI {
    let store: BuildStore

    func call(for request: Request) -> BuildCall {
        let path = request.path
        if request.method == .GET, path == ["v4", "status"] {
            return .fixed(Response(status: 200, text: "OK"), build: nil)
        }
        guard path.count == 3, path[0] == "v4", path[1] == "builds" else {
            return .fixed(Self.failure(404, "Not Found", "Not Found"), build: nil)
        }
        guard let token = request.bearerToken, !token.isEmpty else {
            return .fixed(Self.failure(401, "Unauthorized", "Missing authentication"), build: path[2])
        }
        switch request.method {
        case .PUT: return .update(build: path[2], body: request.body)
        case .GET: return .read(build: path[2])
        default: return .fixed(Self.failure(405, "Method Not Allowed", "Only GET and PUT are simulated"), build: path[2])
        }
    }

    func perform(_ call: BuildCall) -> Performance {
        switch call {
        case .read(let id): return Performance(store.build(id).response())
        case .fixed(let response, _): return Performance(response)
        case .update(let id, let body): return update(id, body)
        }
    }

    private func update(_ id: String, _ body: ByteBuffer) -> Performance {
        let update: BuildUpdate
        do throws(JSONProblem) {
            update = try BuildUpdate(Array(body.readableBytesView))
        } catch {
            return Performance(Self.failure(400, "Bad Request", "Invalid request payload: \(error)"))
        }
        let build = store.build(id)
        // The real one takes nothing for an ended build, notes neither.
        if store.isStrict, build.status.isFinished {
            return Performance(Self.failure(403, "Forbidden", "Can only update RUNNING, QUEUED, BLOCKED, FROZEN, or UNSTABLE builds"))
        }
        build.apply(update)
        build.updates.append(Build.Update(at: .now(), body: body))
        return Performance(build.response(), effect: .updated)
    }

    /// A failure as hapi words it.
    private static func failure(_ code: Int, _ error: String, _ message: String) -> Response {
        var body = ByteBuffer()
        body.writeString("{\"statusCode\":\(code)")
        body.writeMember("error", error)
        body.writeMember("message", message)
        body.writeStaticString("}")
        return Response(status: code, body: body)
    }
}
