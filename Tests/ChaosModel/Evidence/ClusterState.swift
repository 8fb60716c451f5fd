/// What the simulator's `/state` tells.
package struct ClusterState: Decodable, Hashable, Sendable {
    package struct Pod: Decodable, Hashable, Sendable {
        package var name: String
        package var build: String?
        package var phase: String
        package var deleted: Bool

        package init(name: String, build: String?, phase: String, deleted: Bool) {
            (self.name, self.build, self.phase, self.deleted) = (name, build, phase, deleted)
        }
    }

    package struct Build: Decodable, Hashable, Sendable {
        package var status: String
        package var statusMessage: String?
        package var ended: End?
        /// A message that a question took away and nobody gave back, while the build is what it was.
        package var erasedMessage: String?

        package init(status: String, statusMessage: String? = nil, ended: End? = nil, erasedMessage: String? = nil) {
            (self.status, self.statusMessage, self.ended, self.erasedMessage) = (
                status, statusMessage, ended, erasedMessage
            )
        }
    }

    package struct End: Decodable, Hashable, Sendable {
        package enum Author: String, Decodable, Sendable {
            /// By a request to the build API: a worker.
            case client
            /// By the launcher in its pod.
            case launcher
            /// By a user.
            case control
        }

        package var by: Author
        /// Seconds since 1970.
        package var t: Double

        package init(by author: Author, t: Double) { (self.by, self.t) = (author, t) }
    }

    /// Every pod ever made.
    package var pods: [Pod]
    package var podsCreated: Int
    package var builds: [String: Build]

    package init(pods: [Pod], builds: [String: Build]) {
        (self.pods, self.podsCreated, self.builds) = (pods, pods.count, builds)
    }
}
