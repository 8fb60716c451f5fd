internal import Clients
internal import Logging
internal import RabbitMQ
internal import Spool
internal import Support
internal import Workflow

/// Where builds' tokens are kept out of their pods: the Secret beside each pod.
extension ActionPerformer {
    /// A Secret that was prepared for a pod that is being made.
    struct PreparedSecret: Sendable {
        let secret: TokenSecret
        let version: KubernetesClient.SecretVersion
        let place: BuildClusters.Place
    }

    /// - Returns: `nil` where the token stands in the pod.
    func prepareSecret(
        _ build: BuildConfig, _ options: KubernetesOptions, _ place: BuildClusters.Place, _ context: DeliveryContext
    ) async throws(KubernetesError) -> PreparedSecret? {
        guard options.buildToken == .secret, let token = build.token else { return nil }
        let secret = TokenSecret(name: place.podName(build.buildID), label: place.label(build.buildID), token: token)
        let version = try await place.tokenSecrets.prepare(secret)
        return PreparedSecret(secret: secret, version: version, place: place)
    }

    /// The pod was made, or is there already.
    ///
    /// - Parameter pod: as the API server answered; `nil`: it has to be asked first.
    /// - Returns: why the pod may never find its token; `nil` where it does, or the janitor sees to what is left.
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
            // Gone, and not to be made again: then only another attempt helps.
            if error.operation == "create secret", error.code != .alreadyExists { return error.problem }
        }
        return nil
    }

    /// The pod is of an earlier delivery.
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

    /// No pod was made. Where that is not certain (`error`), the Secret stays for the next attempt.
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

    /// The build is failed, so nobody comes back for a Secret that still awaits its pod.
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

    /// With the build's pods. A Secret that a pod owns the cluster removes by itself, but this one may have none yet.
    func deleteSecret(_ build: BuildConfig, _ place: BuildClusters.Place) async throws(KubernetesError) {
        guard place.usesTokenSecrets else { return }
        try await place.client.deleteSecret(named: place.podName(build.buildID))
    }
}

extension KubernetesError {
    /// Whether a request that failed so may have been carried out all the same.
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
