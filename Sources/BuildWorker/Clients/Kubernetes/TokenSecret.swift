package import Support

/// The Secret that holds a build's token, where tokens are kept out of pods (`K8S_BUILD_TOKEN=secret`).
///
/// Its life: made before the pod, so that the pod finds it; given to the pod as its owner once that has a uid, so that the cluster removes
/// both together; removed by the worker where no pod comes of it. Until it has an owner it carries ``awaitsPodLabel``. Its name is the
/// pod's, and so the build's: a start that is delivered again finds it.
package struct TokenSecret: Sendable {
    /// Within the Secret.
    static let key = "token"
    /// The variable of the build container that has the token, and that the launcher's command line names.
    static let variable = "SD_START_TOKEN"
    /// On those that no pod owns yet: few at any time, and the janitor looks at no others.
    package static let awaitsPodLabel = "build-worker/awaits-pod"

    package let name: String
    /// The label by which the build's pods are found, too.
    let label: String
    private let token: Secret

    package init(name: String, label: String, token: Secret) {
        (self.name, self.label, self.token) = (name, label, token)
    }

    /// A `v1` `Secret`. Holds the token: post it, never log it.
    ///
    /// - Parameter owner: the pod, where there is one already.
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

    /// A merge patch for one that is there already: a start that is delivered again may bring another token.
    var renewal: JSONValue { ["stringData": [Self.key: .string(self.token.exposed)]] }

    /// A merge patch that makes the pod its only owner.
    static func adoption(by owner: PodIdentity) -> JSONValue {
        ["metadata": ["ownerReferences": [Self.reference(owner)], "labels": [Self.awaitsPodLabel: nil]]]
    }

    private static func reference(_ pod: PodIdentity) -> JSONValue {
        ["apiVersion": "v1", "kind": "Pod", "name": .string(pod.name), "uid": .string(pod.uid)]
    }
}

/// Which pod of that name: another with the same name has another uid.
package struct PodIdentity: Hashable, Sendable {
    package let name: String
    let uid: String

    /// `nil` where the document is no pod's.
    package init?(_ pod: JSONValue) {
        guard let name = pod[path: "metadata", "name"]?.string, let uid = pod[path: "metadata", "uid"]?.string else {
            return nil
        }
        (self.name, self.uid) = (name, uid)
    }
}
