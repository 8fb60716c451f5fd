internal import Support

/// An update of a build for the build API. Only set fields are sent.
package struct BuildUpdate: Hashable, Sendable {
    package var status: String?
    package var statusMessage: String?
    package var stats: BuildStats?

    package init(status: String? = nil, statusMessage: String? = nil, stats: BuildStats? = nil) {
        (self.status, self.statusMessage, self.stats) = (status, statusMessage, stats)
    }

    var document: JSONValue {
        var members: [JSONValue.Member] = []
        if let status = self.status { members.append(.init("status", .string(status))) }
        if let message = self.statusMessage { members.append(.init("statusMessage", .string(message))) }
        if let stats = self.stats {
            members.append(
                .init(
                    "stats",
                    ["hostname": .string(stats.hostname), "imagePullStartTime": .string(stats.imagePullStartTime)]))
        }
        return .object(members)
    }
}

package struct BuildStats: Hashable, Sendable {
    /// The node on which the pod is scheduled.
    package var hostname: String
    /// RFC 3339.
    package var imagePullStartTime: String

    package init(hostname: String, imagePullStartTime: String) {
        (self.hostname, self.imagePullStartTime) = (hostname, imagePullStartTime)
    }
}
