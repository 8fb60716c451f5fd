internal import Clients
internal import Foundation
internal import Logging
internal import Workflow

/// Attaches token Secrets left without an owner by a crash to their pods, and deletes those without a pod.
struct SecretSweep: Sendable {
    /// Longer than the time between creating a Secret and its pod. A start later than that creates another Secret.
    static let timeout = Duration.seconds(600)

    let clusters: BuildClusters
    let meters: Metrics
    let logger: Logger

    static func isOverdue(_ secret: KubernetesClient.SecretVersion, now: Date) -> Bool {
        guard !secret.hasOwner, let created = secret.created else { return false }
        return now.timeIntervalSince1970 - created > Double(Self.timeout.components.seconds)
    }

    func sweep() async {
        for place in self.clusters.places where place.usesTokenSecrets {
            do throws(KubernetesError) {
                try await place.client.forEachPage(
                    ofSecretsLabelled: "app=screwdriver,tier=builds,\(TokenSecret.awaitsPodLabel)"
                ) { secrets in
                    // Other workers may use the namespace with another prefix.
                    for secret in secrets
                    where !Task.isCancelled && Self.isOverdue(secret, now: Date()) && place.isOurs(secret) {
                        await self.settle(secret, place)
                    }
                }
            } catch {
                self.logger.warning(
                    "Secrets without a pod could not be looked for", metadata: ["error": .string(error.description)])
            }
        }
    }

    private func settle(_ secret: KubernetesClient.SecretVersion, _ place: BuildClusters.Place) async {
        do throws(KubernetesError) {
            guard try await place.tokenSecrets.settle(secret) else { return }
            self.meters.count(.janitorRemoved, "token-secrets")
            self.logger.info(
                "the janitor deleted a Secret that no pod came for", metadata: ["secret": .string(secret.name)])
        } catch {
            self.logger.warning(
                "a Secret without a pod could not be deleted",
                metadata: ["secret": .string(secret.name), "error": .string(error.description)])
        }
    }
}

extension BuildClusters.Place {
    fileprivate func isOurs(_ secret: KubernetesClient.SecretVersion) -> Bool {
        guard let label = secret.label, label.hasPrefix(self.options.prefix),
            let id = Int(label.dropFirst(self.options.prefix.count))
        else { return false }
        return self.podName(BuildID(rawValue: id)) == secret.name
    }
}
