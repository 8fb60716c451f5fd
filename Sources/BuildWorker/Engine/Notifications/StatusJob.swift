internal import Clients
internal import Support
internal import Workflow

/// A status update the build API did not accept: a node name or a waiting state. FAILURE stays with the broker.
struct PendingStatusUpdate: Hashable, Sendable {
    let build: BuildID
    let apiURI: String
    let token: Secret
    /// Either this or the stats are sent.
    let statusMessage: String?
    let stats: BuildStats?

    init(build: BuildID, apiURI: String, token: Secret, _ update: BuildUpdate) {
        (self.build, self.apiURI, self.token) = (build, apiURI, token)
        (self.statusMessage, self.stats) = (update.statusMessage, update.stats)
    }

    /// Updates of one build are sent in order.
    var orderKey: String { self.build.description }

    var payload: JSONValue {
        var members: [JSONValue.Member] = [
            .init("buildId", .number(self.build.description)), .init("apiUri", .string(self.apiURI)),
            .init("token", .string(self.token.exposed)),
        ]
        if let statusMessage { members.append(.init("statusMessage", .string(statusMessage))) }
        if let stats {
            members.append(
                .init(
                    "stats",
                    ["hostname": .string(stats.hostname), "imagePullStartTime": .string(stats.imagePullStartTime)]))
        }
        return .object(members)
    }

    init?(_ payload: JSONValue) {
        guard let build = payload["buildId"]?.integer, let apiURI = payload["apiUri"]?.string,
            let token = payload["token"]?.string
        else { return nil }
        (self.build, self.apiURI, self.token) = (BuildID(rawValue: build), apiURI, Secret(token))
        self.statusMessage = payload["statusMessage"]?.string
        self.stats = payload["stats"].flatMap { stats in
            guard let hostname = stats["hostname"]?.string, let start = stats["imagePullStartTime"]?.string else {
                return nil
            }
            return BuildStats(hostname: hostname, imagePullStartTime: start)
        }
    }

    /// Sends it. A waiting state would be wrong once the build has begun, so the API is asked first.
    func tell(_ api: BuildAPIClient) async -> JobOutcome {
        do throws(BuildAPIError) {
            if self.statusMessage != nil {
                guard try await api.isWaiting(self.build, at: self.apiURI, token: self.token) else {
                    return .refused("the build has begun meanwhile")
                }
            }
            try await api.update(
                self.build, at: self.apiURI, token: self.token,
                with: BuildUpdate(statusMessage: self.statusMessage, stats: self.stats))
            return .done
        } catch {
            return error.isRefusal ? .refused(error.description) : .failed(error.description)
        }
    }
}
