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
            let pod = try await self.ask(.write, build, context) { () throws(KubernetesError) in try await self.kubernetes.createPod(manifest.document) }
            context.logger.info("Pod created successfully for build \(build.buildID), podName: \(name)", metadata: ["podName": .string(name)])
            return .created(seen: self.seen(in: pod, build, context))
        } catch {
            switch error.code {
            case .alreadyExists:
                context.logger.info("the pod exists already, adopting it", metadata: ["podName": .string(name)])
                return .alreadyExists
            case .invalid: return .rejected(detail: error.description)
            default: return .refused(detail: error.description)
            }
        }
    }

    /// What the answer to its creation says of a pod: that it is pending, and no more is to be seen at that moment. Where the look shall
    /// come later, or is the only one as nobody verifies, or the answer shows anything else, it is a request of its own.
    private func seen(in pod: JSONValue, _ build: BuildConfig, _ context: DeliveryContext) -> PodObservation? {
        guard self.options.podStatusQueryDelay == .zero, self.configuration.rabbitmq.retryQueueEnabled, pod["status"] != nil else { return nil }
        let observation = self.observe([pod], build, context)
        switch observation {
        case .pending: return observation
        case .running, .succeeded, .failed, .imageError, .containerError, .terminating, .foreign, .absent, .unseen: return nil
        }
    }

    func lookAtPod(_ context: DeliveryContext) async -> PodObservation {
        guard let build = context.build else { return .absent }
        if self.options.podStatusQueryDelay > .zero {
            // Only a drain that ran out of time cancels, and then the look may come early.
            try? await Task.sleep(for: self.options.podStatusQueryDelay)
        }
        do {
            let name = PodName.of(build.buildID, prefix: self.options.prefix)
            let pod = try await self.ask(.read, build, context) { () throws(KubernetesError) in try await self.kubernetes.podStatus(named: name) }
            return self.observe([pod], build, context)
        } catch {
            if case .notFound = error.code { return .absent }
            return .unseen(detail: error.description)
        }
    }

    func listPods(_ context: DeliveryContext) async -> PodObservation {
        guard let build = context.build else { return .absent }
        do {
            let pods = try await self.ask(.read, build, context) { () throws(KubernetesError) in
                try await self.kubernetes.pods(labelled: self.selector(build))
            }
            return self.observe(pods, build, context)
        } catch {
            return .unseen(detail: error.description)
        }
    }

    private func observe(_ pods: [JSONValue], _ build: BuildConfig, _ context: DeliveryContext) -> PodObservation {
        let label = PodName.label(build.buildID, prefix: self.options.prefix)
        let observation = PodObservation.combining(pods.map { PodObservation(pod: $0, label: label) })
        context.podTimes = pods.lazy.compactMap { PodTimes(pod: $0) }.first
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
            try await self.ask(.write, build, context) { () throws(KubernetesError) in
                try await self.kubernetes.deletePods(labelled: self.selector(build))
            }
            context.logger.info("the build's pods are deleted")
            return .done
        } catch {
            if case .notFound = error.code { return .done }
            return .failed(detail: error.description)
        }
    }

    private func selector(_ build: BuildConfig) -> String { "sdbuild=\(PodName.label(build.buildID, prefix: self.options.prefix))" }

    /// All requests for a build go through here: health and the outage watch learn from them.
    private func ask<Answer: Sendable>(
        _ access: CircuitBreaker.Access, _ build: BuildConfig, _ context: DeliveryContext, _ request: () async throws(KubernetesError) -> Answer
    ) async throws(KubernetesError) -> Answer {
        do throws(KubernetesError) {
            let answer = try await request()
            self.health.cluster(fault: nil)
            self.outages.succeeded(.cluster, access)
            return answer
        } catch {
            if error.isWorkersFault {
                self.health.cluster(fault: error.description)
                context.logger.error("the cluster refuses this worker: check its token, rights and namespace", metadata: ["error": .string(error.description)])
            } else {
                if error.status != nil { self.health.cluster(fault: nil) }
                context.logger.debug("request failed", metadata: ["error": .string(error.description)])
            }
            if error.mayBeOutage {
                await self.outages.judge(.cluster, access, of: build.buildID, cause: error.description) { [kubernetes] in
                    do throws(KubernetesError) {
                        switch access {
                        case .read: try await kubernetes.probeRead()
                        case .write: try await kubernetes.probeWrite()
                        }
                    } catch { return error.description }
                    return nil
                }
            } else {
                self.outages.answered(.cluster, access)
            }
            throw error
        }
    }
}
