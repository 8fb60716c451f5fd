/// Keeps the Secrets of one place in step with their pods. Each step may be the last that this worker does: whoever comes next,
/// a start that is delivered again or the janitor, finds what is there by its name and its label.
package struct TokenSecrets: Sendable {
    let client: KubernetesClient
    let prefix: String

    /// Before the pod is made.
    ///
    /// A Secret of that name is the build's, of an earlier attempt; it gets this start's token. Should the cluster remove it just then,
    /// with an earlier pod, it is made again.
    package func prepare(_ secret: TokenSecret) async throws(KubernetesError) -> KubernetesClient.SecretVersion {
        do throws(KubernetesError) { return try await self.client.createSecret(secret.document()) } catch
            where error.code == .alreadyExists
        {}
        do throws(KubernetesError) {
            return try await self.client.patchSecret(named: secret.name, secret.renewal)
        } catch  where error.code == .notFound {}
        return try await self.client.createSecret(secret.document())
    }

    /// When the pod is there. A Secret that was removed meanwhile is made again: the pod waits for it.
    package func hand(_ secret: TokenSecret, to pod: PodIdentity) async throws(KubernetesError) {
        do throws(KubernetesError) {
            _ = try await self.client.patchSecret(named: secret.name, TokenSecret.adoption(by: pod))
        } catch  where error.code == .notFound {
            _ = try await self.client.createSecret(secret.document(owner: pod))
        }
    }

    /// When no pod came of it, for certain. One that another worker has given to a pod since stays.
    package func discard(_ secret: KubernetesClient.SecretVersion) async throws(KubernetesError) {
        guard !secret.hasOwner else { return }
        try await self.client.deleteSecret(named: secret.name, unlessChangedSince: secret.version)
    }

    /// A Secret that awaits its pod for longer than anybody can still be making it.
    ///
    /// - Returns: whether it was removed.
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
