import NIOCore
import NIOHTTP1

/// A request to the build API, understood but not carried out.
enum BuildCall {
    case update(build: String, BuildUpdate, body: ByteBuffer, Credentials)
    case read(build: String, Credentials)
    case token(build: String, TokenRequest, Credentials)
    case steps(build: String, Step.Filter?, Credentials)
    /// The answer depends on no build. The id is known if the path has one.
    case fixed(Response, build: String?)

    var build: String? {
        switch self {
        case .update(let build, _, _, _), .read(let build, _), .token(let build, _, _), .steps(let build, _, _): build
        case .fixed(_, let build): build
        }
    }
}

/// The part of Screwdriver's API that concerns builds, their workers and their launchers; it refuses what the real one refuses.
struct BuildAPI {
    let store: BuildStore

    // MARK: Understanding

    func call(for request: Request) -> BuildCall {
        let path = request.path
        if request.method == .GET, path == ["v4", "status"] {
            return .fixed(Response(status: 200, text: "OK"), build: nil)
        }
        guard path.count >= 3, path[0] == "v4", path[1] == "builds", let route = Route(request.method, path[3...])
        else {
            return .fixed(Self.failure(404, "Not Found"), build: path.count > 2 ? path[2] : nil)
        }
        do throws(Build.Refusal) {
            return try call(route, for: request)
        } catch {
            return .fixed(Self.failure(error.code, error.message), build: path[2])
        }
    }

    private enum Route {
        case update, read, token, steps

        init?(_ method: HTTPMethod, _ rest: ArraySlice<String>) {
            switch (method, rest.first, rest.count) {
            case (.PUT, nil, 0): self = .update
            case (.GET, nil, 0): self = .read
            case (.POST, "token", 1): self = .token
            case (.GET, "steps", 1): self = .steps
            default: return nil
            }
        }

        /// One of these the token must have.
        var scopes: [String] {
            switch self {
            case .update: ["build", "pipeline", "user", "temporal"]
            case .read: ["user", "build", "pipeline"]
            case .token: ["temporal"]
            case .steps: ["user", "build", "pipeline", "temporal"]
            }
        }
    }

    /// In hapi's order: who asks, whether the body is JSON, what the token is good for, the path, the body.
    private func call(_ route: Route, for request: Request) throws(Build.Refusal) -> BuildCall {
        let id = request.path[2]
        let credentials: Credentials
        do throws(Credentials.Problem) {
            credentials = try Credentials(token: request.bearerToken, now: .now())
        } catch {
            throw Build.Refusal(code: 401, message: error.rawValue)
        }
        let body = try payload(of: request)
        guard route.scopes.contains(where: credentials.scope.contains) else {
            throw Build.Refusal(code: 403, message: "Insufficient scope")
        }
        guard let number = Int(id), (1...1 << 53 - 1).contains(number), String(number) == id else {
            throw Build.Refusal(code: 400, message: "Invalid request params input")
        }
        switch route {
        case .read: return .read(build: id, credentials)
        case .steps: return .steps(build: id, request.parameter("status").flatMap(Step.Filter.init), credentials)
        case .token: return .token(build: id, TokenRequest(body), credentials)
        case .update:
            do throws(JSONProblem) {
                return .update(build: id, try BuildUpdate(body), body: request.body, credentials)
            } catch {
                throw Build.Refusal(code: 400, message: "Invalid request payload input")
            }
        }
    }

    private func payload(of request: Request) throws(Build.Refusal) -> [UInt8] {
        let bytes = Array(request.body.readableBytesView)
        guard !bytes.isEmpty else { return [] }
        guard request.contentType?.lowercased().hasPrefix("application/json") ?? true else {
            throw Build.Refusal(code: 415, message: "Unsupported Media Type")
        }
        var scanner = JSONScanner(bytes)
        do throws(JSONProblem) {
            try scanner.skip()
            try scanner.end()
        } catch {
            throw Build.Refusal(code: 400, message: "Invalid request payload JSON format")
        }
        return bytes
    }

    // MARK: Carrying out

    func perform(_ call: BuildCall) -> Performance {
        do throws(Build.Refusal) {
            switch call {
            case .fixed(let response, _): return Performance(response)
            case .read(let id, let credentials):
                return Performance(try whole(existing(id, "Build does not exist"), credentials))
            case .token(let id, let request, let credentials): return Performance(try token(id, request, credentials))
            case .steps(let id, let filter, let credentials): return Performance(try steps(id, filter, credentials))
            case .update(let id, let update, let body, let credentials):
                return try self.update(id, update, body, credentials)
            }
        } catch {
            return Performance(Self.failure(error.code, error.message))
        }
    }

    private func existing(_ id: String, _ words: String) throws(Build.Refusal) -> Build {
        guard let build = store.build(id) else { throw Build.Refusal(code: 404, message: words) }
        return build
    }

    private func whole(_ build: Build, _ credentials: Credentials) throws(Build.Refusal) -> Response {
        guard !build.steps.isEmpty else { throw Build.Refusal(code: 404, message: "Steps do not exist") }
        return build.response(jobID: credentials.jobID)
    }

    private func update(_ id: String, _ update: BuildUpdate, _ body: ByteBuffer, _ credentials: Credentials)
        throws(Build.Refusal) -> Performance
    {
        if credentials.isBuilds, credentials.username != id {
            throw Build.Refusal(code: 403, message: "Credential only valid for \(credentials.displayName)")
        }
        let build = try existing(id, "Build \(id) does not exist")
        if !credentials.isBuilds, build.status.takesUpdates, update.status != .aborted {
            throw Build.Refusal(code: 400, message: "User can only update builds to ABORTED")
        }
        try store.update(build, update, by: .client(credentials.displayName))
        build.updates.append(Build.Update(at: .now(), body: body))
        do throws(Build.Refusal) {
            return Performance(try whole(build, credentials), effect: .updated)
        } catch {
            // The update was made before the answer could not be.
            return Performance(Self.failure(error.code, error.message), effect: .updated)
        }
    }

    private func token(_ id: String, _ request: TokenRequest, _ credentials: Credentials) throws(Build.Refusal)
        -> Response
    {
        let build = try existing(id, "Build does not exist")
        guard credentials.displayName == id else {
            throw Build.Refusal(code: 404, message: "Build Id parameter and token does not match")
        }
        switch request {
        case .nothing: throw Build.Refusal(code: 500, message: "An internal server error occurred")
        case .invalid(let value): throw Build.Refusal(code: 400, message: "Invalid buildTimeout value: \(value)")
        case .minutes(let minutes):
            guard build.status.awaitsLauncher else {
                throw Build.Refusal(code: 403, message: "Build is already running or finished.")
            }
            return Response(status: 200, json: #"{"token":"\#(Self.launcherToken(id, minutes: minutes))"}"#)
        }
    }

    private func steps(_ id: String, _ filter: Step.Filter?, _ credentials: Credentials) throws(Build.Refusal)
        -> Response
    {
        if credentials.scope.contains("temporal"), credentials.displayName != id {
            throw Build.Refusal(code: 403, message: "Credential only valid for build \(credentials.displayName)")
        }
        guard let build = store.build(id), !build.steps.isEmpty else {
            throw Build.Refusal(code: 404, message: "Build does not exist")
        }
        var body = ByteBuffer()
        body.writeSteps(build.steps.filter { filter?.includes($0) ?? true }, of: id)
        return Response(status: 200, body: body)
    }

    private static func launcherToken(_ build: String, minutes: Double) -> String {
        let now = Double(Timestamp.now().microseconds / 1_000_000)
        let claims = #"{"username":\#(build),"scope":["build"],"iat":\#(Int(now)),"exp":\#(Int(now + minutes * 60))}"#
        return [#"{"alg":"RS256","typ":"JWT"}"#, claims, "simulated"].map { Base64URL.encode($0.utf8) }.joined(
            separator: ".")
    }

    /// A failure as hapi words it.
    static func failure(_ code: Int, _ message: String) -> Response {
        var body = ByteBuffer()
        body.writeString("{\"statusCode\":\(code)")
        body.writeMember(
            "error", code == 500 ? "Internal Server Error" : HTTPResponseStatus(statusCode: code).reasonPhrase)
        body.writeMember("message", message)
        body.writeStaticString("}")
        return Response(status: code, body: body)
    }
}

/// The body with which a launcher asks for its token.
enum TokenRequest {
    case nothing
    case minutes(Double)
    case invalid(String)

    init(_ bytes: [UInt8]) {
        var scanner = JSONScanner(bytes)
        var value = "undefined"
        do throws(JSONProblem) {
            try scanner.object { scanner, key throws(JSONProblem) in
                let range = try scanner.skip()
                if key == "buildTimeout" {
                    value = String(decoding: scanner.bytes[range], as: UTF8.self).filter { $0 != "\"" }
                }
            }
        } catch {
            self = .nothing
            return
        }
        if value == "null" {
            self = .minutes(120)
        } else if let minutes = Double(value), (0...1e6).contains(minutes) {
            self = .minutes(minutes)
        } else {
            self = .invalid(value)
        }
    }
}
