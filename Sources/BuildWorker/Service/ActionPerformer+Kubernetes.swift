internal import Logging

/// What the cluster is asked and told.
extension ActionPerformer {
    var options: KubernetesOptions { self.configuration.executor.kubernetes }

    func createPod(_ context: DeliveryContext) async -> CreationOutcome {
        guard let build = context.build else { return .rejected(detail: "the message names no build") }
        let manifest: PodManifest
        do {
            manifest = try PodManifest(build: build, options: self.options, ecosystem: self.configuration.ecosystem)
        } catch { return .rejected(detail: "\(error)") }
        let name = PodName.of(build.buildID, prefix: self.options.prefix)
        do {
            _ = try await self.kubernetes.createPod(manifest.document)
            self.health.cluster(fault: nil)
            context.logger.info("Pod created successfully for build \(build.buildID), podName: \(name)", metadata: ["podName": .string(name)])
            return .created
        } catch {
            self.note(error, context)
            switch error.code {
            case .alreadyExists:
                context.logger.info("the pod exists already, adopting it", metadata: ["podName": .string(name)])
                return .alreadyExists
            case .invalid: return .rejected(detail: error.description)
            default: return .refused(detail: error.description)
            }
        }
    }

    func lookAtPod(_ context: DeliveryContext) async -> PodObservation {
        guard let build = context.build else { return .absent }
        if self.options.podStatusQueryDelay > .zero {
            // Only a drain that ran out of time cancels, and then the look may come early.
            try? await Task.sleep(for: self.options.podStatusQueryDelay)
        }
        do {
            let pod = try await self.kubernetes.podStatus(named: PodName.of(build.buildID, prefix: self.options.prefix))
            self.health.cluster(fault: nil)
            return self.observe([pod], build, context)
        } catch {
            if case .notFound = error.code { return .absent }
            self.note(error, context)
            return .unseen(detail: error.description)
        }
    }

    func listPods(_ context: DeliveryContext) async -> PodObservation {
        guard let build = context.build else { return .absent }
        do {
            let pods = try await self.kubernetes.pods(labelled: self.selector(build))
            self.health.cluster(fault: nil)
            return self.observe(pods, build, context)
        } catch {
            self.note(error, context)
            return .unseen(detail: error.description)
        }
    }

    private func observe(_ pods: [JSONValue], _ build: BuildConfig, _ context: DeliveryContext) -> PodObservation {
        let label = PodName.label(build.buildID, prefix: self.options.prefix)
        let observation = PodObservation.combining(pods.map { PodObservation(pod: $0, label: label) })
        switch observation {
        case .running(.some), .succeeded(.some), .pending(.some, _):
            context.imagePullStartTime = pods.lazy.compactMap { PodObservation.startTime(of: $0) }.first ?? context.arrivedAt.text
        case .running, .succeeded, .pending, .failed, .imageError, .containerError, .terminating, .foreign, .absent, .unseen: break
        }
        return observation
    }

    func deletePods(_ context: DeliveryContext) async -> Outcome {
        guard let build = context.build else { return .done }
        do {
            try await self.kubernetes.deletePods(labelled: self.selector(build))
            self.health.cluster(fault: nil)
            context.logger.info("the build's pods are deleted")
            return .done
        } catch {
            if case .notFound = error.code { return .done }
            self.note(error, context)
            return .failed(detail: error.description)
        }
    }

    private func selector(_ build: BuildConfig) -> String { "sdbuild=\(PodName.label(build.buildID, prefix: self.options.prefix))" }

    /// The cluster answered: what it said may be the worker's own fault, which makes it not ready.
    private func note(_ error: KubernetesError, _ context: DeliveryContext) {
        if error.isWorkersFault {
            self.health.cluster(fault: error.description)
            context.logger.error("the cluster refuses this worker: check its token, rights and namespace", metadata: ["error": .string(error.description)])
        } else {
            if error.status != nil { self.health.cluster(fault: nil) }
            context.logger.debug("request failed", metadata: ["error": .string(error.description)])
        }
    }
}
