internal import Clients
internal import Logging
internal import RabbitMQ
internal import Support
internal import Synchronization
internal import Workflow

extension ActionPerformer {
    func createPod(_ context: DeliveryContext) async -> Fact {
        guard let build = context.build else {
            return .creation(.rejected(Problem(.message, "the message names no build")))
        }
        let route = self.clusters.route(build)
        if let unknown = route.unknown {
            context.logger.warning(
                "the build asks for an executor that is not configured; it gets another",
                metadata: .of(
                    .executorUnknown,
                    [
                        "asked": .string(unknown.sanitizedForLog(limit: 100)),
                        "executor": .string(route.executor.rawValue),
                    ]))
        }
        let (options, place) = self.clusters.primary(on: route)
        let manifest: PodManifest
        do {
            manifest = try PodManifest(build: build, options: options, ecosystem: self.configuration.ecosystem)
        } catch { return .creation(.rejected(Problem(.rejected, "\(error)"))) }
        let name = place.podName(build.buildID)
        let secret: PreparedSecret?
        do { secret = try await self.prepareSecret(build, options, place, context) } catch {
            return .creation(.failed(error))
        }
        do {
            let pod = try await place.client.createPod(manifest.document)
            context.logger.info(
                "Pod created successfully for build \(build.buildID), podName: \(name)",
                metadata: ["podName": .string(name), "executor": .string(route.executor.rawValue)])
            if let problem = await self.handSecret(secret, to: pod, build, context) {
                return .creation(.refused(problem))
            }
            return options.podStatusQueryDelay == .zero
                ? self.created(pod, build, place, context) : .creation(.created())
        } catch {
            if case .alreadyExists = error.code {
                self.logAdoption(name, place, context)
                if let problem = await self.handSecret(secret, to: nil, build, context) {
                    return .creation(.refused(problem))
                }
                return .creation(.alreadyExists)
            }
            await self.discardSecret(secret, after: error, build, context)
            return .creation(.failed(error))
        }
    }

    /// Uses the creation response if the pod is plainly pending and no delay is configured; otherwise reads the pod.
    private func created(
        _ pod: JSONValue, _ build: BuildConfig, _ place: BuildClusters.Place, _ context: DeliveryContext
    ) -> Fact {
        guard pod["status"] != nil else { return .creation(.created()) }
        let (observation, details) = self.observe([pod], build, place, context)
        switch observation {
        case .pending: return .creation(.created(seen: observation), details)
        case .running, .succeeded, .broken, .terminating, .notOwned, .notFound, .unknown: return .creation(.created())
        }
    }

    func getPod(_ context: DeliveryContext) async -> Fact {
        guard let build = context.build else { return .pod(.notFound) }
        let primary = self.clusters.primary(of: build)
        if primary.options.podStatusQueryDelay > .zero {
            // Only a drain timeout cancels this; an early read does no harm.
            try? await Task.sleep(for: primary.options.podStatusQueryDelay)
        }
        let (seen, details) = await self.firstFound(from: primary.place) { place in
            let name = place.podName(build.buildID)
            do throws(KubernetesError) {
                let pod = try await place.client.podStatus(named: name)
                let seen = self.observe([pod], build, place, context)
                if context.command == .start, context.isRepeated, seen.0 != .notOwned {
                    self.logAdoption(name, place, context)
                    // Its creator may have died before the Secret was attached.
                    await self.handSecret(to: pod, build, place, context)
                }
                return seen
            } catch {
                return (error.code == .notFound ? .notFound : .unknown(error.problem), nil)
            }
        }
        return .pod(seen, details)
    }

    private func logAdoption(_ name: String, _ place: BuildClusters.Place, _ context: DeliveryContext) {
        context.logger.info(
            "the pod exists already, adopting it",
            metadata: .of(.podAdopted, ["podName": .string(name), "executor": .string(place.executor.rawValue)]))
    }

    /// Pods of the original have random names.
    func searchPods(_ context: DeliveryContext) async -> Fact {
        guard let build = context.build else { return .search(.notFound) }
        let (seen, details) = await self.firstFound(from: self.clusters.primary(of: build).place) { place in
            do throws(KubernetesError) {
                let pods = try await place.client.pods(labelled: place.selector(build.buildID))
                if context.command == .start, let name = pods.first?[path: "metadata", "name"]?.string {
                    self.logAdoption(name, place, context)
                }
                return self.observe(pods, build, place, context)
            } catch {
                return (.unknown(error.problem), nil)
            }
        }
        return .search(seen, details)
    }

    /// The fact from the primary place, else from a fallback: an earlier start may have used other weights.
    private func firstFound(
        from primary: BuildClusters.Place, _ look: (BuildClusters.Place) async -> (PodObservation, PodDetails?)
    ) async -> (PodObservation, PodDetails?) {
        let first = await look(primary)
        guard first.0 == .notFound else { return first }
        var unseen: PodObservation?
        for place in self.clusters.fallbacks(for: primary) {
            let seen = await look(place)
            switch seen.0 {
            // Belongs to another controller with overlapping build ids.
            case .notFound, .notOwned: continue
            case .unknown: unseen = seen.0
            case .pending, .running, .succeeded, .broken, .terminating: return seen
            }
        }
        return (unseen ?? .notFound, nil)
    }

    private func observe(
        _ pods: [JSONValue], _ build: BuildConfig, _ place: BuildClusters.Place, _ context: DeliveryContext
    ) -> (PodObservation, PodDetails?) {
        let (label, container) = (
            place.label(build.buildID), PodName.container(of: build.buildID, prefix: place.options.prefix)
        )
        let observation = PodObservation.combining(
            pods.map { PodObservation(pod: $0, label: label, container: container) })
        guard !pods.isEmpty else { return (observation, nil) }
        var details = PodDetails(times: pods.lazy.compactMap { PodTimes(pod: $0) }.first)
        switch observation {
        case .running(.some), .succeeded(.some), .pending(.some, _):
            details.pullStart =
                pods.lazy.compactMap { PodObservation.startTime(of: $0) }.first ?? context.arrivedAt.text
        case .running, .succeeded, .pending, .broken, .terminating, .notOwned, .notFound, .unknown: break
        }
        return (observation, details)
    }

    /// Deletes in all places: a `stop` does not name the executor.
    func deletePods(_ context: DeliveryContext) async -> Outcome {
        guard let build = context.build else { return .done }
        let places = self.clusters.all(from: self.clusters.primary(of: build).place)
        var problems: [Problem] = []
        func delete(_ place: BuildClusters.Place, _ request: () async throws(KubernetesError) -> Void) async {
            do throws(KubernetesError) { try await request() } catch {
                // No namespace, no pods.
                if error.code != .namespaceNotFound { problems.append(error.problem) }
            }
        }
        for place in places {
            await delete(place) { () throws(KubernetesError) in
                try await self.deletePod(build, place, context)
                try await self.deleteSecret(build, place)
            }
        }
        // The original creates one pod per delivery, under random names. The list comes from the API server's cache.
        for place in places {
            await delete(place) { () throws(KubernetesError) in
                for pod in try await place.client.pods(labelled: place.selector(build.buildID)) {
                    guard let name = pod[path: "metadata", "name"]?.string, name != place.podName(build.buildID) else {
                        continue
                    }
                    try await place.client.deletePod(named: name)
                }
            }
        }
        if let first = problems.first {
            return .failed(Problem(first.failureClass, problems.map(\.detail).joined(separator: "; ")))
        }
        context.logger.info("the build's pods are deleted")
        return .done
    }

    /// Roles made for the original may lack delete by name. Deletion by label costs a hundred times as much.
    private func deletePod(_ build: BuildConfig, _ place: BuildClusters.Place, _ context: DeliveryContext)
        async throws(KubernetesError)
    {
        do throws(KubernetesError) {
            try await place.client.deletePod(named: place.podName(build.buildID), isOptional: true)
        } catch  where error.code == .forbidden {
            let missing = error
            do throws(KubernetesError) {
                try await place.client.deletePods(labelled: place.selector(build.buildID), isOptional: true)
            } catch  where error.code == .forbidden {
                // Once more, for health and log to name the permission that the role should have.
                return try await place.client.deletePod(named: place.podName(build.buildID))
            }
            if !Self.hasSaidWhatIsMissing.exchange(true, ordering: .relaxed) {
                context.logger.warning(
                    "this worker may not delete pods by name, so it deletes by label, which a large cluster feels: give its role 'delete' on pods",
                    metadata: .of(.deletedByLabel, ["error": .string(missing.description)]))
            }
        }
    }

    private static let hasSaidWhatIsMissing = Atomic<Bool>(false)
}

extension CreationOutcome {
    fileprivate static func failed(_ error: KubernetesError) -> CreationOutcome {
        error.isRetriable ? .refused(error.problem) : .rejected(error.problem)
    }
}
