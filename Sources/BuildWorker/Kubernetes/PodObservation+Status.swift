extension PodObservation {
    /// Waiting reasons that say the image cannot be had, now or ever.
    static let imageReasons: Set<String> = [
        "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable",
    ]

    /// Waiting reasons that say the container cannot be made or will not stay up.
    static let containerReasons: Set<String> = [
        "CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError",
    ]

    /// Reads a pod as the API server shows it.
    ///
    /// - Parameter label: the `sdbuild` label that makes the pod this build's.
    public init(pod: JSONValue, label: String) {
        guard pod[path: "metadata", "labels", "sdbuild"]?.string == label else {
            self = .foreign
            return
        }
        guard pod[path: "metadata", "deletionTimestamp"]?.string == nil else {
            self = .terminating
            return
        }
        let status = pod["status"] ?? [:]
        let node = pod[path: "spec", "nodeName"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        let phase = (status["phase"]?.string ?? "Pending").lowercased()
        let containers = Self.containers(status)
        let waiting = containers.compactMap { Waiting($0) }
        switch phase {
        case "failed", "unknown":
            self = .failed(phase: phase, detail: Self.failure(status, containers))
        case "succeeded":
            self = .succeeded(node: node)
        default:
            if let image = waiting.first(where: { Self.imageReasons.contains($0.reason) }) {
                self = .imageError(detail: image.words)
            } else if let container = waiting.first(where: { Self.containerReasons.contains($0.reason) }) {
                self = .containerError(detail: container.words)
            } else if phase == "running" {
                self = .running(node: node)
            } else {
                self = .pending(node: node, waitsFor: Self.need(status, node, waiting))
            }
        }
    }

    /// When the kubelet took the pod and began to pull (RFC 3339), where the pod says so.
    public static func startTime(of pod: JSONValue) -> String? { pod[path: "status", "startTime"]?.string }

    /// A container that is not running yet, and why.
    private struct Waiting {
        let container: String
        let reason: String
        let message: String

        init?(_ status: JSONValue) {
            guard let waiting = status[path: "state", "waiting"], !waiting.isNull else { return nil }
            self.container = status["name"]?.string ?? "?"
            self.reason = waiting["reason"]?.string ?? ""
            self.message = waiting["message"]?.string ?? ""
        }

        /// For people: `ErrImagePull: manifest for node:99 not found`.
        var words: String { self.message.isEmpty ? self.reason : "\(self.reason): \(self.message)" }
    }

    private static func containers(_ status: JSONValue) -> [JSONValue] {
        (status["initContainerStatuses"]?.array ?? []) + (status["containerStatuses"]?.array ?? [])
    }

    /// `Evicted: The node was low on resource: memory. Container build: exit code 137 (OOMKilled)`
    private static func failure(_ status: JSONValue, _ containers: [JSONValue]) -> String {
        let pod = [status["reason"]?.string, status["message"]?.string].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
        let ended = containers.compactMap { container -> String? in
            guard let end = container[path: "state", "terminated"], let code = end["exitCode"]?.integer, code != 0 else { return nil }
            let reason = end["reason"]?.string.map { " (\($0))" } ?? ""
            return "Container \(container["name"]?.string ?? "?"): exit code \(code)\(reason)"
        }
        return ([pod] + ended).filter { !$0.isEmpty }.joined(separator: ". ")
    }

    private static func need(_ status: JSONValue, _ node: String?, _ waiting: [Waiting]) -> String {
        guard let node else {
            let scheduling = (status["conditions"]?.array ?? []).first { $0["type"]?.string == "PodScheduled" }
            guard let message = scheduling?["message"]?.string, !message.isEmpty else { return "a node" }
            return "a node: \(message)"
        }
        let containers = waiting.filter { !$0.reason.isEmpty }.map { "\($0.container) (\($0.words))" }
        return "its containers to start on node \(node)" + (containers.isEmpty ? "" : ": \(containers.joined(separator: ", "))")
    }
}
