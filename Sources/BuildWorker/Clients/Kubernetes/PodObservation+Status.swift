package import Support
internal import Workflow

extension PodObservation {
    /// Waiting reasons for images that cannot be pulled, temporarily or permanently.
    static let imageReasons: Set<String> = [
        "ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    ]

    /// Waiting reasons for containers that cannot be created or keep crashing.
    static let containerReasons: Set<String> = [
        "CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError",
        "PreCreateHookError",
        "PreStartHookError", "PostStartHookError",
    ]

    /// Interprets a pod's status.
    ///
    /// - Parameters:
    ///   - label: the `sdbuild` label that identifies the pod as this build's.
    ///   - container: the build container's name. In a VM's pod the VM launcher (``VMPodPlan/container``) is decisive.
    package init(pod: JSONValue, label: String, container: String) {
        guard pod[path: "metadata", "labels", "sdbuild"]?.string == label else {
            self = .notOwned
            return
        }
        let status = pod["status"] ?? [:]
        let node = pod[path: "spec", "nodeName"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        let all = PodContainer.all(status)
        // Neither name can occur in the other kind of pod.
        let build = all.first { [container, VMPodPlan.container].contains($0.name) && !$0.isInit }
        let launcher = all.first { ["launcher-\(container)", VMPodPlan.installer].contains($0.name) && $0.isInit }
        let phase = (status["phase"]?.string ?? "Pending").lowercased()
        let ending = Self.ending(status)
        let isNodes = ending.isClusters ?? (phase == "unknown" || build?.terminated?.reason == "ContainerStatusUnknown")
        func broken(_ kind: PodFailure.Kind, _ parts: [String?], outlook: PodFailure.Outlook = .permanentFailure)
            -> PodObservation
        {
            .broken(
                PodFailure(
                    kind, Self.sentences(parts), isNodes && kind != .image ? .node : nil, outlook: outlook,
                    hasBegun: build?.hasRun ?? false))
        }
        // The build container's own failure first: it is the most informative.
        let failures = [build?.failure] + all.filter { $0.name != build?.name }.map(\.failure)
        func ended(_ phase: String) -> PodObservation { broken(.ended(phase: phase), [ending.words] + failures) }
        func troubled(_ container: PodContainer?) -> PodObservation? {
            guard let container, let waiting = container.waiting, let trouble = Self.trouble(waiting) else {
                return nil
            }
            return broken(trouble.kind, [waiting.words, container.lastEnd?.words], outlook: trouble.outlook)
        }

        if phase == "succeeded" || build?.terminated?.exitCode == 0 && ending.words.isEmpty {
            // A failing sidecar makes the pod `Failed`, but not the build.
            self = .succeeded(node: node)
        } else if phase == "failed" || phase == "unknown" {
            self = ended(phase)
        } else if status["reason"]?.string == "NodeLost" {
            self = ended("unknown")
        } else if let end = build?.terminated {
            // Whatever the sidecars still do.
            if end.exitCode == 0 {
                self = .succeeded(node: node)
            } else if !end.hasRun {
                self = broken(.container, [ending.words, end.words])
            } else {
                self = ended("failed")
            }
        } else if build?.isRunning ?? false {
            self = .running(node: node)
        } else if pod[path: "metadata", "deletionTimestamp"]?.string != nil {
            self = .terminating(detail: Self.sentences([ending.words] + failures))
        } else if let trouble = troubled(build) ?? troubled(launcher) {
            self = trouble
        } else if build == nil, phase == "running" {
            // An API server that reports no container statuses.
            self = .running(node: node)
        } else {
            self = .pending(node: node, waitsFor: Self.need(status, node, all).sanitizedForLog(limit: 1000))
        }
    }

    /// When the kubelet accepted the pod and began to pull (RFC 3339), if reported.
    package static func startTime(of pod: JSONValue) -> String? { pod[path: "status", "startTime"]?.string }

    /// Only for the build container and the launcher: a sidecar that cannot start fails no build.
    private static func trouble(_ waiting: PodContainer.Waiting) -> (
        kind: PodFailure.Kind, outlook: PodFailure.Outlook
    )? {
        if Self.imageReasons.contains(waiting.reason) { return (.image, waiting.imageOutlook) }
        if Self.containerReasons.contains(waiting.reason) { return (.container, waiting.containerOutlook) }
        return nil
    }

    /// The pod's reason for its end, and whether the cluster caused it; `nil`: unknown.
    private static func ending(_ status: JSONValue) -> (words: String, isClusters: Bool?) {
        let reason = status["reason"]?.string ?? ""
        let own = [reason, status["message"]?.string ?? ""].filter { !$0.isEmpty }.joined(separator: ": ")
        let disruption = (status["conditions"]?.array ?? []).first {
            $0["type"]?.string == "DisruptionTarget" && $0["status"]?.string == "True"
        }
        let disrupted = disruption.map { condition in
            let cause = condition["reason"]?.string ?? ""
            let words = Self.disruptions[cause] ?? "disrupted by the cluster"
            return
                "\(words) (\(["DisruptionTarget", cause, condition["message"]?.string ?? ""].filter { !$0.isEmpty }.joined(separator: ": ")))"
        }
        let lost = reason == "NodeLost" ? "its node is gone" : ""
        let isOwn = Self.isOwn(reason, status["message"]?.string ?? "")
        return (
            Self.sentences([lost, disrupted, own]), isOwn ? false : disrupted != nil || !reason.isEmpty ? true : nil
        )
    }

    /// The pod exceeded its own limits; its node was not out of resources.
    private static func isOwn(_ reason: String, _ message: String) -> Bool {
        reason == "DeadlineExceeded"
            || reason == "Evicted" && message.contains("exceed") && message.contains("limit")
                && !message.hasPrefix("The node was low")
    }

    private static let disruptions = [
        "PreemptionByScheduler": "preempted by the scheduler", "EvictionByEvictionAPI": "evicted",
        "DeletionByTaintManager": "deleted by a taint of its node",
        "DeletionByPodGC": "its node is gone", "TerminationByKubelet": "ended by its node",
    ]

    /// On one line, for logs and status messages.
    private static func sentences(_ parts: [String?]) -> String {
        parts.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ". ").sanitizedForLog(limit: 1000)
    }

    private static func need(_ status: JSONValue, _ node: String?, _ containers: [PodContainer]) -> String {
        guard let node else {
            let scheduling = (status["conditions"]?.array ?? []).first { $0["type"]?.string == "PodScheduled" }
            guard let message = scheduling?["message"]?.string, !message.isEmpty else { return "a node" }
            return "a node: \(message)"
        }
        let waiting = containers.compactMap { container in
            container.waiting.flatMap { $0.reason.isEmpty ? nil : "\(container.name) (\($0.words))" }
        }
        return "its containers to start on node \(node)"
            + (waiting.isEmpty ? "" : ": \(waiting.joined(separator: ", "))")
    }
}
