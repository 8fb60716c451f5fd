internal import Foundation
internal import Logging

/// Compares the pods of builds with what should be, a few at a time, and deletes those that are of no use any more: finished
/// long ago, or of a build that ended long ago. Only where an operator asked for it (`POD_TTL`).
struct PodSweep: Sendable {
    /// What one round may delete or ask the build API for, of finished pods and of others each.
    private static let limit = 20

    private let configuration: WorkerConfiguration
    private let clusters: BuildClusters
    private let buildAPI: BuildAPIClient
    private let meters: Meters
    private let logger: Logger

    init(_ configuration: WorkerConfiguration, clusters: BuildClusters, buildAPI: BuildAPIClient, meters: Meters, logger: Logger) {
        (self.configuration, self.clusters, self.buildAPI, self.meters, self.logger) = (configuration, clusters, buildAPI, meters, logger)
    }

    /// A pod that may go, and why.
    enum Verdict: Hashable, Sendable {
        case keep
        /// It ended longer ago than the limit.
        case finished
        /// It runs, or waits, for longer than any build may: whether its build has ended is worth a question.
        case ask
    }

    static func verdict(_ pod: JSONValue, now: Date, ttl: Duration) -> Verdict {
        guard pod[path: "metadata", "deletionTimestamp"]?.string == nil else { return .keep }
        let limit = Double(ttl.components.seconds)
        switch pod[path: "status", "phase"]?.string {
        case "Succeeded", "Failed":
            let ends = (pod[path: "status", "containerStatuses"]?.array ?? []).compactMap { Self.date($0[path: "state", "terminated", "finishedAt"]) }
            // An evicted pod has no containers that ended: then its age counts.
            guard let end = ends.max() ?? Self.date(pod[path: "metadata", "creationTimestamp"]) else { return .keep }
            return now.timeIntervalSince(end) > limit ? .finished : .keep
        default:
            guard let created = Self.date(pod[path: "metadata", "creationTimestamp"]) else { return .keep }
            return now.timeIntervalSince(created) > limit ? .ask : .keep
        }
    }

    func sweep() async {
        let ttl = self.configuration.janitor.podTTL
        guard ttl > .zero else { return }
        for place in self.clusters.places { await self.sweep(place, ttl) }
    }

    private func sweep(_ place: BuildClusters.Place, _ ttl: Duration) async {
        do {
            let pods = try await place.client.pods(labelled: "app=screwdriver,tier=builds")
            let old = pods.filter { Self.verdict($0, now: Date(), ttl: ttl) != .keep }
            // Of each sort its own share, and not the same ones each time: builds that run for long must not keep the rest from its turn.
            let finished = old.filter { Self.verdict($0, now: Date(), ttl: ttl) == .finished }.shuffled().prefix(Self.limit)
            let unfinished = old.filter { Self.verdict($0, now: Date(), ttl: ttl) == .ask }.shuffled().prefix(Self.limit)
            for pod in finished + unfinished {
                guard !Task.isCancelled else { return }
                // Another worker's builds may be in the same namespace, under another prefix.
                guard let name = pod[path: "metadata", "name"]?.string, let build = PodName.build(of: pod, prefix: place.options.prefix), let access = BuildAccess(pod: pod)
                else { continue }
                // A finished pod may still have to be verified: only its build's end says that nobody looks at it any more.
                guard await self.hasEnded(build, access, place, ttl) else { continue }
                await self.delete(name, build, place, Self.verdict(pod, now: Date(), ttl: ttl) == .finished ? "finished-pods" : "pods-of-ended-builds")
            }
        } catch {
            self.logger.warning("the pods of builds could not be compared with what should be", metadata: ["error": .string("\(error)")])
        }
    }

    private func delete(_ name: String, _ build: BuildID, _ place: BuildClusters.Place, _ what: String) async {
        do throws(KubernetesError) { try await place.client.deletePod(named: name) } catch {
            return self.logger.warning("the janitor could not delete a pod", metadata: ["podName": .string(name), "error": .string(error.description)])
        }
        self.meters.count(.janitorRemoved, what)
        self.logger.info("the janitor deleted a pod", metadata: ["podName": .string(name), "buildId": .stringConvertible(build.rawValue), "what": .string(what)])
    }

    private func token(_ access: BuildAccess, _ place: BuildClusters.Place) async -> Secret? {
        switch access.token {
        case .known(let token): return token
        case .inSecret(let name):
            do throws(KubernetesError) { return try await place.client.token(inSecret: name) } catch {
                self.logger.debug("a build's token could not be read", metadata: ["secret": .string(name), "error": .string(error.description)])
                return nil
            }
        }
    }

    /// Not knowing is no reason to delete.
    private func hasEnded(_ build: BuildID, _ access: BuildAccess, _ place: BuildClusters.Place, _ ttl: Duration) async -> Bool {
        guard let token = await self.token(access, place) else { return false }
        do throws(BuildAPIError) {
            guard let end = try await self.buildAPI.end(of: build, at: access.apiURI, token: token), let date = Self.date(.string(end)) else { return false }
            return Date().timeIntervalSince(date) > Double(ttl.components.seconds)
        } catch {
            self.logger.debug("the build API could not be asked for an old pod's build", metadata: ["error": .string(error.description)])
            return false
        }
    }

    private static func date(_ value: JSONValue?) -> Date? {
        guard let text = value?.string else { return nil }
        for style in [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)] {
            do { return try style.parse(text) } catch { continue }
        }
        return nil
    }
}
