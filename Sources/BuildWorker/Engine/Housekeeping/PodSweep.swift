internal import Clients
internal import Foundation
internal import Logging
internal import Support
internal import Workflow

/// Deletes pods that finished long ago or whose build ended long ago. Off unless configured (`POD_TTL`).
struct PodSweep: Sendable {
    /// Deletions or build API requests per round, for finished and unfinished pods each.
    private static let limit = 20

    private let configuration: WorkerConfiguration
    private let clusters: BuildClusters
    private let buildAPI: BuildAPIClient
    private let meters: Metrics
    private let logger: Logger

    init(
        _ configuration: WorkerConfiguration, clusters: BuildClusters, buildAPI: BuildAPIClient, meters: Metrics,
        logger: Logger
    ) {
        (self.configuration, self.clusters, self.buildAPI, self.meters, self.logger) = (
            configuration, clusters, buildAPI, meters, logger
        )
    }

    enum Verdict: Hashable, Sendable {
        case keep
        /// Finished longer ago than the limit.
        case finished
        /// Running or pending longer than any build may: ask the build API whether the build has ended.
        case ask
    }

    static func verdict(_ pod: JSONValue, now: Date, ttl: Duration) -> Verdict {
        guard pod[path: "metadata", "deletionTimestamp"]?.string == nil else { return .keep }
        let limit = Double(ttl.components.seconds)
        switch pod[path: "status", "phase"]?.string {
        case "Succeeded", "Failed":
            let ends = (pod[path: "status", "containerStatuses"]?.array ?? []).compactMap {
                Self.date($0[path: "state", "terminated", "finishedAt"])
            }
            // An evicted pod has no terminated containers: its age counts.
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
        // Separate random samples, so that long-running builds do not starve the others.
        var (finished, unfinished) = (Sample<Candidate>(limit: Self.limit), Sample<Candidate>(limit: Self.limit))
        do throws(KubernetesError) {
            try await place.client.forEachPage(ofPodsLabelled: PodName.selectorOfAll) { pods in
                for pod in pods {
                    let verdict = Self.verdict(pod, now: Date(), ttl: ttl)
                    guard verdict != .keep, let candidate = Candidate(pod, place.options.prefix) else { continue }
                    if verdict == .finished { finished.add(candidate) } else { unfinished.add(candidate) }
                }
            }
        } catch {
            self.logger.warning(
                "not all pods of builds could be compared with what should be",
                metadata: ["error": .string(error.description)])
        }
        for (candidate, isFinished) in finished.elements.map({ ($0, true) }) + unfinished.elements.map({ ($0, false) })
        where !Task.isCancelled {
            // A finished pod may still await verification: only its build's end makes it safe to delete.
            guard await self.hasEnded(candidate, place, isFinished: isFinished) else { continue }
            await self.delete(
                candidate.name, candidate.build, place, isFinished ? "finished-pods" : "pods-of-ended-builds")
        }
    }

    private struct Candidate {
        let name: String
        let build: BuildID
        let access: BuildAccess

        /// `nil`: it belongs to another worker that uses the namespace with another prefix.
        init?(_ pod: JSONValue, _ prefix: String) {
            guard let name = pod[path: "metadata", "name"]?.string, let build = PodName.build(of: pod, prefix: prefix),
                let access = BuildAccess(pod: pod)
            else {
                return nil
            }
            (self.name, self.build, self.access) = (name, build, access)
        }
    }

    /// A uniform random sample (reservoir sampling, Vitter's algorithm R).
    private struct Sample<Element> {
        let limit: Int
        private(set) var elements: [Element] = []
        private var seen = 0

        init(limit: Int) { self.limit = limit }

        mutating func add(_ element: Element) {
            self.seen += 1
            if self.elements.count < self.limit { return self.elements.append(element) }
            let place = Int.random(in: 0..<self.seen)
            if place < self.limit { self.elements[place] = element }
        }
    }

    private func delete(_ name: String, _ build: BuildID, _ place: BuildClusters.Place, _ what: String) async {
        do throws(KubernetesError) { try await place.client.deletePod(named: name) } catch {
            return self.logger.warning(
                "the janitor could not delete a pod",
                metadata: ["podName": .string(name), "error": .string(error.description)])
        }
        self.meters.count(.janitorRemoved, what)
        self.logger.info(
            "the janitor deleted a pod",
            metadata: ["podName": .string(name), "buildId": .stringConvertible(build.rawValue), "what": .string(what)])
    }

    /// If unknown, the pod stays. Exception: a finished pod with an expired token, about which nothing can be reported.
    private func hasEnded(_ candidate: Candidate, _ place: BuildClusters.Place, isFinished: Bool) async -> Bool {
        guard let token = await place.token(candidate.access, self.logger) else { return false }
        let (build, apiURI) = (candidate.build, candidate.access.apiURI)
        // The reliable request clears a running build's status message, so first look for an active step.
        do throws(BuildAPIError) {
            if try await self.buildAPI.hasActiveStep(build, at: apiURI, token: token) { return false }
        } catch {
            // The build has no steps, or the API does not expose them.
            guard error.code != .token, !error.isPotentialOutage else { return self.isDead(error, isFinished) }
        }
        do throws(BuildAPIError) {
            return BuildState(status: try await self.buildAPI.status(of: build, at: apiURI, token: token)) == .ended
        } catch { return error.code == .ended || self.isDead(error, isFinished) }
    }

    private func isDead(_ error: BuildAPIError, _ isFinished: Bool) -> Bool {
        self.logger.debug(
            "the build API does not say whether an old pod's build has ended",
            metadata: ["error": .string(error.description)])
        return isFinished && error.code == .token
    }

    private static func date(_ value: JSONValue?) -> Date? {
        guard let text = value?.string else { return nil }
        for style in [Date.ISO8601FormatStyle(), Date.ISO8601FormatStyle(includingFractionalSeconds: true)] {
            do { return try style.parse(text) } catch { continue }
        }
        return nil
    }
}
