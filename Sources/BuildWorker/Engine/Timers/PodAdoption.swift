internal import Clients
internal import Foundation
internal import Logging
internal import RabbitMQ
internal import Support
internal import Synchronization
internal import Workflow

/// Verifies pods that should have started, once per init timeout, if workers keep init timers locally: a timer may be
/// lost with its worker's disk. Several workers may do so, at one pod read each.
final class PodAdoption: Sendable {
    private let options: RabbitMQOptions
    private let clusters: BuildClusters
    private let verifications: LocalVerifications
    private let health: Health
    private let logger: Logger
    private let clock: any MonotonicClock
    private let state: Mutex<(next: ContinuousClock.Instant, dead: Set<String>)>

    init(
        _ options: RabbitMQOptions, clusters: BuildClusters, verifications: LocalVerifications, health: Health,
        clock: any MonotonicClock, logger: Logger
    ) {
        self.options = options
        self.clusters = clusters
        self.verifications = verifications
        self.health = health
        self.clock = clock
        self.logger = logger
        self.state = Mutex((clock.now, []))
    }

    func sweep() async {
        let (isDue, known) = self.state.withLock { state in
            let now = self.clock.now
            guard state.next <= now else { return (false, state.dead) }
            state.next = now + self.options.initTimeout
            return (true, state.dead)
        }
        guard isDue, !self.health.notes.isEmpty else { return }
        var dead: Set<String> = []
        for place in self.clusters.places {
            do throws(KubernetesError) {
                try await place.client.forEachPage(ofPodsLabelled: PodName.selectorOfAll) { pods in
                    for pod in pods {
                        guard let age = self.age(pod), age >= self.options.initTimeout,
                            let name = pod[path: "metadata", "name"]?.string
                        else { continue }
                        // A failed pod needs only one read.
                        if pod[path: "status", "phase"]?.string == "Failed" {
                            dead.insert(name)
                            guard !known.contains(name) else { continue }
                        }
                        // Clocks differ: whatever its apparent age, the pod gets one init timer from here.
                        await self.adopt(
                            pod, name, round: min(Int(age / self.options.initTimeout), self.options.verifyLimit - 1),
                            place)
                    }
                }
            } catch {
                self.logger.warning(
                    "not all pods could be listed for builds without a timer",
                    metadata: ["error": .string(error.description)])
                dead.formUnion(known)
            }
        }
        self.state.withLock { [dead] in $0.dead = dead }
    }

    /// - Returns: `nil` if it has started or is being deleted.
    private func age(_ pod: JSONValue) -> Duration? {
        guard ["Pending", "Failed"].contains(pod[path: "status", "phase"]?.string),
            pod[path: "metadata", "deletionTimestamp"] == nil, PodTimes(pod: pod) == nil,
            let created = PodTimes.time(pod[path: "metadata", "creationTimestamp"])
        else { return nil }
        return .seconds(Date().timeIntervalSince(created))
    }

    private func adopt(_ pod: JSONValue, _ name: String, round: Int, _ place: BuildClusters.Place) async {
        guard let build = PodName.labelledBuild(of: pod, prefix: place.options.prefix),
            !self.verifications.isKept(build), let access = BuildAccess(pod: pod),
            let token = await place.token(access, self.logger)
        else { return }
        let message: JSONValue = [
            "job": "verify",
            "buildConfig": [
                "buildId": .integer(build.rawValue), "token": .string(token.exposed), "apiUri": .string(access.apiURI),
            ],
        ]
        let verification = Verification(
            body: message.serialized(), round: round, imagePullStartTime: nil, isFromTimer: true)
        guard await self.verifications.keep(verification, for: .zero) == .done else { return }
        self.logger.notice(
            "a pod that has not begun is verified by this worker",
            metadata: ["podName": .string(name), "buildId": .stringConvertible(build.rawValue)])
    }
}

extension BuildClusters.Place {
    /// A build's token, read from its pod; `nil` if unavailable.
    func token(_ access: BuildAccess, _ logger: Logger) async -> Secret? {
        switch access.token {
        case .known(let token): return token
        case .inSecret(let name):
            do throws(KubernetesError) { return try await self.client.token(inSecret: name) } catch {
                logger.debug(
                    "a build's token could not be read",
                    metadata: ["secret": .string(name), "error": .string(error.description)])
                return nil
            }
        }
    }
}
