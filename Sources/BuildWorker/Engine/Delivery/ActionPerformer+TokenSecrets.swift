internal import Clients
internal import Logging
internal import RabbitMQ
internal import Spool
internal import Support
internal import Workflow

/// Keeps build tokens out of pod specs: one Secret per pod.
extension ActionPerformer {
    /// A Secret prepared for a pod that is being created.
    struct PreparedSecret: Sendable {
        let secret: TokenSecret
        let version: KubernetesClient.SecretVersion
        let place: BuildClusters.Place
    }

    /// - Returns: `nil` if the token is in the pod spec.
    func prepareSecret(
        _ build: BuildConfig, _ options: KubernetesOptions, _ place: BuildClusters.Place, _ context: DeliveryContext
    ) async throws(KubernetesError) -> PreparedSecret? {
        guard options.buildToken == .secret, let token = build.token else { return nil }
        let secret = TokenSecret(name: place.podName(build.buildID), label: place.label(build.buildID), token: token)
        let version = try await place.tokenSecrets.prepare(secret)
        return PreparedSecret(secret: secret, version: version, place: place)
    }

    /// Attaches the Secret to its pod.
    ///
    /// - Parameter pod: the API server's response; `nil`: read the pod first.
    /// - Returns: why the pod may never get its token; `nil` if it has it or garbage collection covers the rest.
    func handSecret(_ prepared: PreparedSecret?, to pod: JSONValue?, _ build: BuildConfig, _ context: DeliveryContext)
        async -> Problem?
    {
        guard let prepared else { return nil }
        let place = prepared.place
        do {
            let made = if let pod { pod } else { try await place.client.podStatus(named: prepared.secret.name) }
            guard PodName.build(of: made, prefix: place.options.prefix) == build.buildID,
                let identity = PodIdentity(made)
            else {
                await self.discardSecret(prepared, build, context)
                return nil
            }
            try await place.tokenSecrets.hand(prepared.secret, to: identity)
        } catch {
            context.logger.warning(
                "the Secret with the build's token has no owner yet; it will be garbage-collected",
                metadata: .of(.secretLeft, ["error": .string(error.description)]))
            // The Secret is gone and cannot be recreated: only another attempt helps.
            if error.operation == "create secret", error.code != .alreadyExists { return error.problem }
        }
        return nil
    }

    func handSecret(to pod: JSONValue, _ build: BuildConfig, _ place: BuildClusters.Place, _ context: DeliveryContext)
        async
    {
        guard place.usesTokenSecrets, let token = build.token,
            PodName.build(of: pod, prefix: place.options.prefix) == build.buildID,
            let identity = PodIdentity(pod), pod[path: "metadata", "labels", "app"]?.string != VMPodPlan.app
        else { return }
        let secret = TokenSecret(name: identity.name, label: place.label(build.buildID), token: token)
        do {
            try await place.tokenSecrets.hand(secret, to: identity)
        } catch {
            context.logger.warning(
                "the Secret with the build's token may have no owner; it will be garbage-collected",
                metadata: .of(.secretLeft, ["error": .string(error.description)]))
        }
    }

    /// Deletes the Secret if no pod was created. If that is uncertain (`error`), it stays for the next attempt.
    func discardSecret(
        _ prepared: PreparedSecret?, after error: KubernetesError? = nil, _ build: BuildConfig,
        _ context: DeliveryContext
    ) async {
        guard let prepared, error?.mayHaveHadEffect != true else { return }
        do {
            try await prepared.place.tokenSecrets.discard(prepared.version)
        } catch {
            context.logger.warning(
                "a Secret without a pod is left to the janitor",
                metadata: .of(.secretLeft, ["error": .string(error.description)]))
        }
    }

    /// Deletes Secrets without a pod after the build failed: no later attempt would use them.
    func discardSecrets(_ build: BuildConfig, _ context: DeliveryContext) async {
        for place in self.clusters.places where place.usesTokenSecrets {
            do {
                let secret = try await place.client.secret(named: place.podName(build.buildID))
                if !secret.hasOwner { _ = try await place.tokenSecrets.settle(secret) }
            } catch  where error.code == .notFound {
            } catch {
                context.logger.warning(
                    "Secrets without a pod may be left to the janitor",
                    metadata: .of(.secretLeft, ["error": .string(error.description)]))
            }
        }
    }

    /// Deletes the build's Secret with its pods. Kubernetes garbage-collects it only once a pod owns it.
    func deleteSecret(_ build: BuildConfig, _ place: BuildClusters.Place) async throws(KubernetesError) {
        guard place.usesTokenSecrets else { return }
        try await place.client.deleteSecret(named: place.podName(build.buildID))
    }
}

extension KubernetesError {
    /// Whether the failed request may have taken effect.
    fileprivate var mayHaveHadEffect: Bool {
        switch self.code {
        case .serverError, .unexpectedStatus, .foreignAnswer, .unreadableAnswer, .unreachable: true
        case .alreadyExists, .conflict, .invalid, .denied, .notReady, .quotaExceeded, .forbidden, .unauthorized,
            .namespaceNotFound, .notFound,
            .tooManyRequests, .expired, .noToken:
            false
        }
    }
}
