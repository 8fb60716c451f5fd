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

        package init(status: String, statusMessage: String? = nil) { (self.status, self.statusMessage) = (status, statusMessage) }
    }

    /// Every pod ever made.
    package var pods: [Pod]
    package var podsCreated: Int
    package var builds: [String: Build]

    package init(pods: [Pod], builds: [String: Build]) { (self.pods, self.podsCreated, self.builds) = (pods, pods.count, builds) }
}
