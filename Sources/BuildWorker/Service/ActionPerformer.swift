internal import Logging

/// Turns each ``Action`` into requests and messages, and what comes of them into a ``Fact``. Decides nothing.
struct ActionPerformer: Sendable {
    let configuration: WorkerConfiguration
    let kubernetes: KubernetesClient
    let buildAPI: BuildAPIClient
    let publish: @Sendable (OutgoingMessage) async -> PublishOutcome
    let timers: LocalTimers
    let health: Health

    func perform(_ action: Action, _ context: DeliveryContext) async -> Fact {
        switch action {
        case .askForBuild: .build(await self.askForBuild(context))
        case .createPod: .creation(await self.createPod(context))
        case .lookAtPod: .pod(await self.lookAtPod(context))
        case .listPods: .pod(await self.listPods(context))
        case .deletePods: .deletion(await self.deletePods(context))
        case .armTimer(let round): .timer(await self.handOver(self.timerMessage(round, context), context))
        case .keepTimer(let round): await self.keepTimer(round, context)
        case .requestVerification: .verification(await self.handOver(self.verification(context), context))
        case .tellBuild(let note): await self.tell(note, context)
        case .reportFailure(let cause): .failure(await self.reportFailure(cause, context))
        case .clearCache: .clearing(await self.clearCache(context))
        case .park: .parking(await self.park(context))
        case .settle: preconditionFailure("settling is the processor's last act, not an action to perform")
        }
    }
}

// MARK: - Kubernetes

extension ActionPerformer {
    private var options: KubernetesOptions { self.configuration.executor.kubernetes }

    private func createPod(_ context: DeliveryContext) async -> CreationOutcome {
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
            case .invalid: return .rejected(detail: error.words)
            default: return .refused(detail: error.words)
            }
        }
    }

    private func lookAtPod(_ context: DeliveryContext) async -> PodObservation {
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
            return .unseen(detail: error.words)
        }
    }

    private func listPods(_ context: DeliveryContext) async -> PodObservation {
        guard let build = context.build else { return .absent }
        do {
            let pods = try await self.kubernetes.pods(labelled: self.selector(build))
            self.health.cluster(fault: nil)
            return self.observe(pods, build, context)
        } catch {
            self.note(error, context)
            return .unseen(detail: error.words)
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

    private func deletePods(_ context: DeliveryContext) async -> Outcome {
        guard let build = context.build else { return .done }
        do {
            try await self.kubernetes.deletePods(labelled: self.selector(build))
            self.health.cluster(fault: nil)
            context.logger.info("the build's pods are deleted")
            return .done
        } catch {
            if case .notFound = error.code { return .done }
            self.note(error, context)
            return .failed(detail: error.words)
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

extension KubernetesError {
    /// For a build's owner: the status and what the API server said.
    fileprivate var words: String { self.description }
}

// MARK: - The broker

extension ActionPerformer {
    private var rabbitmq: RabbitMQOptions { self.configuration.rabbitmq }

    /// The message as `verify`, with its own headers only: the old ones would count as this one's deaths.
    private func verifyMessage(to queue: String, round: Int, isTimer: Bool, _ context: DeliveryContext) -> OutgoingMessage? {
        guard case .success(let message) = context.message else { return nil }
        var properties = MessageProperties()
        properties.contentType = "application/json"
        properties.type = "verify"
        properties.appID = Product.name
        properties.timestamp = UInt64(Timestamp.now.secondsSince1970)
        properties.headers[Header.initRound] = .int64(Int64(round))
        if isTimer { properties.headers[Header.initTimer] = .int64(1) }
        if let start = context.knownImagePullStartTime { properties.headers[Header.imagePullStart] = .text(start) }
        return OutgoingMessage(
            exchange: self.rabbitmq.exchange, routingKey: queue, properties: properties, body: message.asVerify().serialized())
    }

    private func timerMessage(_ round: Int, _ context: DeliveryContext) -> OutgoingMessage? {
        self.verifyMessage(to: self.rabbitmq.initQueue, round: round, isTimer: false, context)
    }

    private func verification(_ context: DeliveryContext) -> OutgoingMessage? {
        self.verifyMessage(to: self.rabbitmq.retryQueue, round: context.round, isTimer: false, context)
    }

    /// Headers that were near the limit when they came may be above it with ours: then the body is worth more than they.
    private func parkOrStrip(_ properties: MessageProperties, _ reasons: AMQPTable, _ context: DeliveryContext) async -> HandOver {
        var message = OutgoingMessage(
            exchange: self.rabbitmq.exchange, routingKey: self.rabbitmq.parkedQueue, properties: properties, body: context.delivery.body)
        let outcome = await self.publish(message)
        guard case .unsendable = outcome else { return self.handOver(outcome, message, context) }
        context.logger.error("the headers of an unreadable message are too large to keep; it is parked without them")
        message.properties.headers = reasons
        return await self.handOver(message, context)
    }

    private func handOver(_ message: OutgoingMessage?, _ context: DeliveryContext) async -> HandOver {
        guard let message else { return .notHeld }
        return self.handOver(await self.publish(message), message, context)
    }

    private func handOver(_ outcome: PublishOutcome, _ message: OutgoingMessage, _ context: DeliveryContext) -> HandOver {
        switch outcome {
        case .confirmed: return .held
        case .returned: return .noQueue
        case .nacked, .unconfirmed, .unsendable:
            context.logger.warning("RabbitMQ did not take a message", metadata: ["outcome": .string("\(outcome)"), "to": .string(message.routingKey)])
            return .notHeld
        }
    }

    private func keepTimer(_ round: Int, _ context: DeliveryContext) async -> Fact {
        if let message = self.verifyMessage(to: self.rabbitmq.retryQueue, round: round, isTimer: true, context) {
            // Handed over early, at a drain, it is only a look: no round is spent and nothing is late.
            var early = message
            early.properties.headers[Header.initTimer] = nil
            early.properties.headers[Header.initRound] = .int64(Int64(max(0, round - 1)))
            await self.timers.keep(message, early: early)
            context.logger.warning("queue \(self.rabbitmq.initQueue) does not exist: this init timer is kept in memory. 'worker topology apply' creates it")
        }
        return .timerKept
    }

    private func park(_ context: DeliveryContext) async -> HandOver {
        guard case .failure(let error) = context.message else { return .held }
        let delivery = context.delivery
        var properties = delivery.properties
        properties.isPersistent = true
        if let id = properties.messageID { properties.headers[Header.originalMessageID] = .text(id) }
        // The broker acts on these: it would route copies to wherever CC and BCC say, this worker's queues included.
        var setAside = [("CC", Header.originalCC), ("BCC", Header.originalBCC)]
        if error == .malformedDeathHistory { setAside.append(("x-death", Header.malformedDeaths)) }
        for (name, kept) in setAside {
            guard let value = properties.headers[name] else { continue }
            properties.headers[kept] = value
            properties.headers[name] = nil
        }
        let reasons: AMQPTable = [
            Header.parkedReason: .text(error.reason), Header.parkedDetail: .text(error.description), Header.parkedFrom: .text(delivery.queue),
            Header.parkedAt: .text(context.arrivedAt.text),
        ]
        for field in reasons.fields { properties.headers[field.name] = field.value }
        let handOver = await self.parkOrStrip(properties, reasons, context)
        // Never the payload: it may hold a token.
        let metadata: Logger.Metadata = [
            "reason": .string(error.reason), "error": .string(error.description),
            "bytes": .stringConvertible(delivery.body.count), "hash": .string(Fingerprint.of(delivery.body)),
        ]
        switch handOver {
        case .held: context.logger.error("unreadable message parked in \(self.rabbitmq.parkedQueue)", metadata: metadata)
        case .noQueue: context.logger.error("unreadable message dropped: there is no queue \(self.rabbitmq.parkedQueue)", metadata: metadata)
        case .notHeld: break
        }
        return handOver
    }
}

// MARK: - The build API

extension ActionPerformer {
    private static let endedStates: Set<String> = ["SUCCESS", "FAILURE", "ABORTED", "COLLAPSED"]

    /// A note is good to know, not owed: it may not hold its delivery for longer than this and one more attempt.
    private static let notePatience = Duration.seconds(15)

    private var retries: RetryPolicy { RetryPolicy(maxAttempts: self.options.requestMaxAttempts, delay: self.options.requestRetryDelay) }

    private func askForBuild(_ context: DeliveryContext) async -> BuildState {
        guard let build = context.build, let apiURI = build.apiURI, let token = build.token else { return .unknown }
        do {
            let status = try await self.buildAPI.status(of: build.buildID, at: apiURI, token: token)
            return Self.endedStates.contains(status) ? .ended : .active
        } catch {
            context.logger.warning("the build API could not be asked for the build", metadata: ["error": .string(error.description)])
            return error.isRetriable ? .unavailable(detail: error.description) : .unknown
        }
    }

    private func tell(_ note: BuildNote, _ context: DeliveryContext) async -> Fact {
        guard let build = context.build, let token = build.token else { return .noted }
        // As the original: stats and waiting go to the ecosystem's API, status to the address in the message.
        let (apiURI, update): (String?, BuildUpdate) =
            switch note {
            case .scheduled(let node):
                (self.configuration.ecosystem.api, BuildUpdate(stats: BuildStats(hostname: node, imagePullStartTime: context.imagePullStartTime)))
            case .waitingForResources:
                (self.configuration.ecosystem.api, BuildUpdate(statusMessage: "Waiting for resources to be available."))
            case .delayed:
                (build.apiURI, BuildUpdate(statusMessage: "Build initialization delayed - pod creation taking longer than expected"))
            }
        guard let apiURI else { return .noted }
        if let error = await self.update(build.buildID, at: apiURI, token: token, with: update, patience: Self.notePatience) {
            context.logger.warning("the build API did not take a note; the build goes on", metadata: ["error": .string(error.description)])
        }
        return .noted
    }

    private func reportFailure(_ cause: FailureCause, _ context: DeliveryContext) async -> ReportOutcome {
        context.logger.error("the build has failed", metadata: ["cause": .string(cause.description)])
        guard let build = context.build, let apiURI = build.apiURI, let token = build.token else {
            context.logger.error("the message has no apiUri or no token: nobody can be told that the build failed")
            return .refused
        }
        let update = BuildUpdate(status: "FAILURE", statusMessage: cause.description)
        guard let error = await self.update(build.buildID, at: apiURI, token: token, with: update) else {
            context.logger.info("build status successfully updated for build \(build.buildID)")
            return .taken
        }
        let metadata: Logger.Metadata = ["error": .string(error.description)]
        guard error.isRetriable else {
            context.logger.error("the build API refused the build's FAILURE for good", metadata: metadata)
            return .refused
        }
        context.logger.error("the build API did not take the build's FAILURE; it will be told again", metadata: metadata)
        return .notTaken
    }

    /// - Returns: the last error, or `nil` when the API took it.
    private func update(
        _ build: BuildID, at apiURI: String, token: Secret, with update: BuildUpdate, patience: Duration = .seconds(600)
    ) async -> BuildAPIError? {
        var attempt = 1
        let end = ContinuousClock.now + patience
        while true {
            do throws(BuildAPIError) {
                try await self.buildAPI.update(build, at: apiURI, token: token, with: update)
                return nil
            } catch {
                guard let pause = self.retries.pause(afterAttempt: attempt, isRetriable: error.isRetriable), .now + pause < end else {
                    return error
                }
                attempt += 1
                guard await Self.waited(pause) else { return error }
            }
        }
    }

    /// - Returns: `false` when a drain ran out of patience meanwhile.
    private static func waited(_ pause: Duration) async -> Bool {
        do { try await Task.sleep(for: pause) } catch { return false }
        return true
    }

    private func clearCache(_ context: DeliveryContext) async -> Outcome {
        guard case .success(let message) = context.message, case .clear(let cache) = message.job else { return .done }
        do {
            let options = self.configuration.ecosystem.cache
            if let directory = try await OwnThread.run({ try BuildCache(options: options).clear(cache) }) {
                context.logger.info("acknowledge, clear cache job completed for \(directory)")
            } else {
                context.logger.warning("caches are not on this worker's disk (CACHE_STRATEGY): nothing to clear")
            }
            return .done
        } catch {
            context.logger.error("the cache directory could not be removed", metadata: ["error": .string("\(error)")])
            return .failed(detail: "\(error)")
        }
    }
}

extension DeliveryContext {
    fileprivate var build: BuildConfig? { if case .success(let message) = self.message { message.build } else { nil } }
}
