/// Keeps the Secrets of one namespace in step with their pods. After a crash at any step, a redelivered start or
/// garbage collection finds the Secret by its name and label.
package struct TokenSecrets: Sendable {
    let client: KubernetesClient
    let prefix: String

    /// Call before the pod is created.
    ///
    /// An existing Secret with that name is from an earlier attempt of this build and gets this start's token. If the
    /// cluster deletes it concurrently, with an earlier pod, it is created again.
    package func prepare(_ secret: TokenSecret) async throws(KubernetesError) -> KubernetesClient.SecretVersion {
        do throws(KubernetesError) { return try await self.client.createSecret(secret.document()) } catch
            where error.code == .alreadyExists
        {}
        do throws(KubernetesError) {
            return try await self.client.patchSecret(named: secret.name, secret.renewal)
        } catch  where error.code == .notFound {}
        return try await self.client.createSecret(secret.document())
    }

    /// Call when the pod exists. A Secret deleted meanwhile is created again: the pod waits for it.
    package func hand(_ secret: TokenSecret, to pod: PodIdentity) async throws(KubernetesError) {
        do throws(KubernetesError) {
            _ = try await self.client.patchSecret(named: secret.name, TokenSecret.adoption(by: pod))
        } catch  where error.code == .notFound {
            _ = try await self.client.createSecret(secret.document(owner: pod))
        }
    }

    /// Call if certainly no pod was created. Keeps a Secret that another worker has since assigned to a pod.
    package func discard(_ secret: KubernetesClient.SecretVersion) async throws(KubernetesError) {
        guard !secret.hasOwner else { return }
        try await self.client.deleteSecret(named: secret.name, unlessChangedSince: secret.version)
    }

    /// Settles a Secret that has awaited its pod for longer than creating one can take. Returns whether it was deleted.
    package func settle(_ secret: KubernetesClient.SecretVersion) async throws(KubernetesError) -> Bool {
        do throws(KubernetesError) {
            let pod = try await self.client.podStatus(named: secret.name)
            guard let identity = PodIdentity(pod), PodName.build(of: pod, prefix: self.prefix) != nil else {
                return false
            }
            _ = try await self.client.patchSecret(named: secret.name, TokenSecret.adoption(by: identity))
            return false
        } catch  where error.code == .notFound {}
        try await self.discard(secret)
        return true
    }
}
