package import Support

/// The Secret with a build's token, if tokens are kept out of pods (`K8S_BUILD_TOKEN=secret`).
///
/// Created before the pod, so that the pod finds it; owned by the pod once that has a uid, so that the cluster deletes
/// both together; deleted by the worker if no pod is created. Until it has an owner it has the label
/// ``awaitsPodLabel``. It is named after the pod, and so the build: a redelivered start finds it.
package struct TokenSecret: Sendable {
    static let key = "token"
    /// The build container's variable with the token, used by the launcher's command line.
    static let variable = "SD_START_TOKEN"
    /// Label of Secrets without an owner: few at any time, and the only ones that garbage collection reads.
    package static let awaitsPodLabel = "build-worker/awaits-pod"

    package let name: String
    /// The `sdbuild` label, the same as the pod's.
    let label: String
    private let token: Secret

    package init(name: String, label: String, token: Secret) {
        (self.name, self.label, self.token) = (name, label, token)
    }

    /// A `v1` `Secret`. Contains the token: never log it. `owner`: the pod, if it exists.
    func document(owner: PodIdentity? = nil) -> JSONValue {
        var labels: JSONValue = ["app": "screwdriver", "tier": "builds", PodName.labelName: .string(self.label)]
        var metadata: JSONValue = ["name": .string(self.name)]
        if let owner {
            metadata["ownerReferences"] = [Self.reference(owner)]
        } else {
            labels[Self.awaitsPodLabel] = "true"
        }
        metadata["labels"] = labels
        return [
            "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque",
            "stringData": [Self.key: .string(self.token.exposed)],
        ]
    }

    /// A merge patch for an existing Secret: a redelivered start may have a new token.
    var renewal: JSONValue { ["stringData": [Self.key: .string(self.token.exposed)]] }

    /// A merge patch that sets the pod as the only owner.
    static func adoption(by owner: PodIdentity) -> JSONValue {
        ["metadata": ["ownerReferences": [Self.reference(owner)], "labels": [Self.awaitsPodLabel: nil]]]
    }

    private static func reference(_ pod: PodIdentity) -> JSONValue {
        ["apiVersion": "v1", "kind": "Pod", "name": .string(pod.name), "uid": .string(pod.uid)]
    }
}

/// Identifies a pod by name and uid: another pod with the same name has another uid.
package struct PodIdentity: Hashable, Sendable {
    package let name: String
    let uid: String

    /// `nil` if the document is not a pod.
    package init?(_ pod: JSONValue) {
        guard let name = pod[path: "metadata", "name"]?.string, let uid = pod[path: "metadata", "uid"]?.string else {
            return nil
        }
        (self.name, self.uid) = (name, uid)
    }
}
