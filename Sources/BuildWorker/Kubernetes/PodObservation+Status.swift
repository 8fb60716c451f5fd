extension PodObservation {
    /// Waiting reasons that say the image cannot be had, now or ever.
    static let imageReasons: Set<String> = [
        "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable",
        "SignatureValidationFailed",
    ]

    /// Waiting reasons that say the container cannot be made or will not stay up.
    static let containerReasons: Set<String> = [
        "CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError", "PreCreateHookError",
        "PreStartHookError", "PostStartHookError",
    ]

    /// Reasons of an end by which the container never ran.
    private static let startReasons: Set<String> = ["StartError", "ContainerCannotRun", "RunContainerError", "CreateContainerError"]

    /// Reads a pod as the API server shows it.
    ///
    /// - Parameters:
    ///   - label: the `sdbuild` label that makes the pod this build's.
    ///   - container: the build container's name.
    public init(pod: JSONValue, label: String, container: String) {
        guard pod[path: "metadata", "labels", "sdbuild"]?.string == label else {
            self = .foreign
            return
        }
        let status = pod["status"] ?? [:]
        let node = pod[path: "spec", "nodeName"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        let all = PodContainer.all(status)
        let build = all.first { $0.name == container && !$0.isInit }
        let ending = Self.ending(status)
        let hasBegun = build?.hasRun ?? false
        func broken(_ kind: PodFailure.Kind, _ detail: String, outlook: PodFailure.Outlook = .hopeless) -> PodObservation {
            let isNodes = ending.isClusters && kind != .image
            return .broken(PodFailure(kind, detail, isNodes ? .node : nil, outlook: outlook, hasBegun: hasBegun))
        }
        func ended(_ phase: String) -> PodObservation { broken(.ended(phase: phase), Self.sentences([ending.words] + all.compactMap(\.failure))) }

        let phase = (status["phase"]?.string ?? "Pending").lowercased()
        if phase == "failed" || phase == "unknown" {
            self = ended(phase)
        } else if status["reason"]?.string == "NodeLost" {
            self = ended("unknown")
        } else if phase == "succeeded" {
            self = .succeeded(node: node)
        } else if let end = build?.terminated {
            // Whatever its neighbours still do.
            if end.exitCode == 0 {
                self = .succeeded(node: node)
            } else if Self.startReasons.contains(end.reason) {
                self = broken(.container, Self.sentences([ending.words, end.words]))
            } else {
                self = ended("failed")
            }
        } else if build?.isRunning ?? false {
            self = .running(node: node)
        } else if pod[path: "metadata", "deletionTimestamp"]?.string != nil {
            self = .terminating(detail: Self.sentences([ending.words] + all.compactMap(\.failure)))
        } else if let waiting = build?.waiting, let trouble = Self.trouble(waiting) {
            self = broken(trouble.kind, waiting.words, outlook: trouble.outlook)
        } else if let waiting = all.first(where: { $0.name == "launcher-\(container)" })?.waiting, let trouble = Self.trouble(waiting) {
            self = broken(trouble.kind, waiting.words, outlook: trouble.outlook)
        } else if build == nil, phase == "running" {
            // An API server that says nothing of containers.
            self = .running(node: node)
        } else {
            self = .pending(node: node, waitsFor: Self.need(status, node, all))
        }
    }

    /// When the kubelet took the pod and began to pull (RFC 3339), where the pod says so.
    public static func startTime(of pod: JSONValue) -> String? { pod[path: "status", "startTime"]?.string }

    /// Only of the build container and the launcher: a neighbour that cannot start fails no build.
    private static func trouble(_ waiting: PodContainer.Waiting) -> (kind: PodFailure.Kind, outlook: PodFailure.Outlook)? {
        if Self.imageReasons.contains(waiting.reason) { return (.image, waiting.imageOutlook) }
        if Self.containerReasons.contains(waiting.reason) { return (.container, waiting.containerOutlook) }
        return nil
    }

    /// What the pod says of its own end, and whether it is the cluster's doing.
    private static func ending(_ status: JSONValue) -> (words: String, isClusters: Bool) {
        let reason = status["reason"]?.string ?? ""
        let own = [reason, status["message"]?.string ?? ""].filter { !$0.isEmpty }.joined(separator: ": ")
        let disruption = (status["conditions"]?.array ?? []).first { $0["type"]?.string == "DisruptionTarget" && $0["status"]?.string == "True" }
        let disrupted = disruption.map { condition in
            let cause = condition["reason"]?.string ?? ""
            let words = Self.disruptions[cause] ?? "disrupted by the cluster"
            return "\(words) (\(["DisruptionTarget", cause, condition["message"]?.string ?? ""].filter { !$0.isEmpty }.joined(separator: ": ")))"
        }
        let lost = reason == "NodeLost" ? "its node is gone" : ""
        return (Self.sentences([lost, disrupted ?? "", own]), disrupted != nil || !reason.isEmpty && reason != "DeadlineExceeded")
    }

    private static let disruptions = [
        "PreemptionByScheduler": "preempted by the scheduler", "EvictionByEvictionAPI": "evicted", "DeletionByTaintManager": "deleted by a taint of its node",
        "DeletionByPodGC": "its node is gone", "TerminationByKubelet": "ended by its node",
    ]

    private static func sentences(_ parts: [String]) -> String { parts.filter { !$0.isEmpty }.joined(separator: ". ") }

    private static func need(_ status: JSONValue, _ node: String?, _ containers: [PodContainer]) -> String {
        guard let node else {
            let scheduling = (status["conditions"]?.array ?? []).first { $0["type"]?.string == "PodScheduled" }
            guard let message = scheduling?["message"]?.string, !message.isEmpty else { return "a node" }
            return "a node: \(message)"
        }
        let waiting = containers.compactMap { container in
            container.waiting.flatMap { $0.reason.isEmpty ? nil : "\(container.name) (\($0.words))" }
        }
        return "its containers to start on node \(node)" + (waiting.isEmpty ? "" : ": \(waiting.joined(separator: ", "))")
    }
}
