/// All Secrets there are. As in a cluster, one whose owners are gone goes, too; here at once.
final class SecretStore {
    private let pods: PodStore
    private var secrets: [String: SimulatedSecret] = [:]

    init(pods: PodStore) {
        self.pods = pods
        pods.onRemoval = { [unowned self] pod in
            for secret in all where secret.namespace == pod.namespace { collect(secret) }
        }
    }

    /// In order of namespace and name.
    var all: [SimulatedSecret] { secrets.values.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) } }

    func secret(_ namespace: String, _ name: String) -> SimulatedSecret? { secrets["\(namespace)/\(name)"] }

    /// Adds one whose name is free.
    func create(_ change: SecretChange, name: String, namespace: String) -> SimulatedSecret {
        var secret = SimulatedSecret(
            name: name, namespace: namespace, uid: "secret-\(pods.nextVersion())", createdAt: .now(),
            resourceVersion: pods.resourceVersion)
        change.apply(to: &secret)
        store(secret)
        return secret
    }

    /// What changes nothing makes no new version.
    func change(_ secret: SimulatedSecret, by change: SecretChange) -> SimulatedSecret {
        var changed = secret
        change.apply(to: &changed)
        guard changed.labels != secret.labels || changed.data != secret.data || changed.owners != secret.owners else {
            return secret
        }
        changed.resourceVersion = pods.nextVersion()
        store(changed)
        return changed
    }

    func delete(_ secret: SimulatedSecret) { secrets["\(secret.namespace)/\(secret.name)"] = nil }

    func reset() { secrets.removeAll() }

    private func store(_ secret: SimulatedSecret) {
        secrets["\(secret.namespace)/\(secret.name)"] = secret
        collect(secret)
    }

    private func collect(_ secret: SimulatedSecret) {
        guard !secret.owners.isEmpty, !secret.owners.contains(where: { pods.hasPod(secret.namespace, uid: $0.uid) })
        else { return }
        delete(secret)
    }
}
