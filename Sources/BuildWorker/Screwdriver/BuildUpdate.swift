/// What the build API is told about a build. Only what is set is sent.
public struct BuildUpdate: Hashable, Sendable {
    public var status: String?
    public var statusMessage: String?
    public var stats: BuildStats?

    public init(status: String? = nil, statusMessage: String? = nil, stats: BuildStats? = nil) {
        (self.status, self.statusMessage, self.stats) = (status, statusMessage, stats)
    }

    var document: JSONValue {
        var members: [JSONValue.Member] = []
        if let status = self.status { members.append(.init("status", .string(status))) }
        if let message = self.statusMessage { members.append(.init("statusMessage", .string(message))) }
        if let stats = self.stats {
            members.append(.init("stats", ["hostname": .string(stats.hostname), "imagePullStartTime": .string(stats.imagePullStartTime)]))
        }
        return .object(members)
    }
}

public struct BuildStats: Hashable, Sendable {
    /// The node that the pod was scheduled to.
    public var hostname: String
    /// RFC 3339.
    public var imagePullStartTime: String

    public init(hostname: String, imagePullStartTime: String) { (self.hostname, self.imagePullStartTime) = (hostname, imagePullStartTime) }
}
