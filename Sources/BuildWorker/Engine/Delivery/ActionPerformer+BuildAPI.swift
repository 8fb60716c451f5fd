internal import Clients
internal import Logging
internal import Support
internal import Workflow

extension ActionPerformer {
    /// Notes are best effort: one delays its delivery by at most this and one more attempt.
    private static let noteTimeout = Duration.seconds(15)

    private var retries: RetryPolicy {
        let options = self.configuration.executor.kubernetes
        return RetryPolicy(maxAttempts: options.requestMaxAttempts, delay: options.requestRetryDelay)
    }

    func ask(_ question: BuildQuestion, _ context: DeliveryContext) async -> BuildState {
        guard let build = context.decodeBuild(), let apiURI = build.apiURI, let token = build.token else {
            return .unknown
        }
        do {
            switch question {
            case .isWaiting:
                return try await self.buildAPI.isWaiting(build.buildID, at: apiURI, token: token) ? .waiting : .begun
            case .hasEnded:
                return BuildState(status: try await self.buildAPI.status(of: build.buildID, at: apiURI, token: token))
            }
        } catch {
            switch error.code {
            case .ended: return .ended
            case .begun: return .begun
            case .token, .forbidden: return .refused(error.problem)
            case .status where error.isRefusal: return .unknown
            // The API accepted the update, so the build had not ended; its status is unknown.
            case .unreadableAnswer: return .unknown
            // The API does not know this request; it rejects the FAILURE update of an ended build.
            case .unknownQuestion: return .unknown
            case .status, .foreignAnswer, .unreachable, .hostFailing: break
            }
            context.logger.warning(
                "the build API could not be asked for the build", metadata: ["error": .string(error.description)])
            return .unavailable(error.problem)
        }
    }

    func tell(_ note: StatusUpdate, _ facts: Facts, _ context: DeliveryContext) async -> NoteOutcome {
        let (outcome, lost) = await self.tryToTell(note, facts, context)
        if let lost { self.keepNote(lost) }
        return outcome
    }

    /// - Returns: the outcome, and the note to send later, if any.
    func tryToTell(_ note: StatusUpdate, _ facts: Facts, _ context: DeliveryContext) async -> (
        NoteOutcome, lost: PendingStatusUpdate?
    ) {
        guard let build = context.build, let token = build.token else { return (.taken, nil) }
        // As the original: stats and waiting go to the ecosystem's API, status to the address in the message.
        let (apiURI, update): (String?, BuildUpdate) =
            switch note {
            case .scheduled(let node):
                (
                    self.configuration.ecosystem.api,
                    BuildUpdate(
                        stats: BuildStats(hostname: node, imagePullStartTime: facts.pullStart ?? context.arrivedAt.text)
                    )
                )
            case .waitingForResources:
                (self.configuration.ecosystem.api, BuildUpdate(statusMessage: "Waiting for resources to be available."))
            case .delayed:
                (
                    build.apiURI,
                    BuildUpdate(
                        statusMessage: "Build initialization delayed - pod creation taking longer than expected")
                )
            }
        guard let apiURI else { return (.taken, nil) }
        switch await self.update(build.buildID, at: apiURI, token: token, with: update, timeout: Self.noteTimeout) {
        case .success(let status): return (status.map { BuildState(status: $0) } == .ended ? .ended : .taken, nil)
        case .failure(let error) where error.code == .ended: return (.ended, nil)
        case .failure(let error):
            context.logger.warning(
                "the build API did not take a note; the build goes on", metadata: ["error": .string(error.description)])
            guard !error.isRefusal else { return (.refused(error.problem), nil) }
            // A verification that waits for an outage to end sends its own note later.
            if context.command == .verify, self.outages.isAnyOpen { return (.lost(error.problem), nil) }
            return (
                .lost(error.problem), PendingStatusUpdate(build: build.buildID, apiURI: apiURI, token: token, update)
            )
        }
    }

    func reportFailure(_ cause: FailureCause, _ context: DeliveryContext) async -> ReportOutcome {
        context.logger.error("the build has failed", metadata: ["cause": .string(cause.description)])
        guard let build = context.decodeBuild(), let apiURI = build.apiURI, let token = build.token else {
            let problem = Problem(
                .message, "the message has no apiUri or no token: its build cannot be reported as failed")
            context.logger.error("\(problem)")
            return .refused(problem)
        }
        if context.command == .start { await self.discardSecrets(build, context) }
        let update = BuildUpdate(status: "FAILURE", statusMessage: "\(cause.description) [report \(context.reportID)]")
        switch await self.update(build.buildID, at: apiURI, token: token, with: update) {
        // UNSTABLE stays unchanged, and any update turns a build of an aborted event into ABORTED.
        case .success(let status?) where status != "FAILURE" && BuildState(status: status) == .ended: return .ended
        case .success:
            context.logger.info("build status successfully updated for build \(build.buildID)")
            return .taken
        case .failure(let error) where error.code == .ended:
            context.logger.info("the build has ended meanwhile", metadata: ["answer": .string(error.description)])
            return .ended
        case .failure(let error) where error.isRefusal:
            context.logger.error(
                "the build API refused the build's FAILURE for good",
                metadata: .of(.failureRefused, ["error": .string(error.description)]))
            return .refused(error.problem)
        case .failure(let error):
            context.logger.error(
                "the build API did not accept the build's FAILURE; it will be sent again",
                metadata: ["error": .string(error.description)])
            return .notTaken(error.problem)
        }
    }

    /// - Returns: the build's status if known, or the last error. During an outage there is one attempt only.
    private func update(
        _ build: BuildID, at apiURI: String, token: Secret, with update: BuildUpdate, timeout: Duration = .seconds(600)
    ) async -> Result<String?, BuildAPIError> {
        var (attempt, mayHaveHadEffect) = (1, false)
        let end = ContinuousClock.now + timeout
        while true {
            do throws(BuildAPIError) {
                return .success(try await self.buildAPI.update(build, at: apiURI, token: token, with: update))
            } catch {
                // The build was active a moment ago, so most likely our own update ended it.
                if error.code == .ended, mayHaveHadEffect, let status = update.status { return .success(status) }
                mayHaveHadEffect = mayHaveHadEffect || error.isRetriable
                // Longer delays are left to the wait queue.
                guard let shortest = self.retries.pause(afterAttempt: attempt, isRetriable: error.isRetriable),
                    !self.outages.isOpen(.buildAPI), !self.buildAPI.isFailing(apiURI),
                    error.retryAfter ?? .zero <= Self.noteTimeout
                else { return .failure(error) }
                let pause = max(shortest, error.retryAfter ?? .zero)
                guard .now + pause < end else { return .failure(error) }
                attempt += 1
                guard await Self.waited(pause) else { return .failure(error) }
            }
        }
    }

    private static func waited(_ pause: Duration) async -> Bool {
        do { try await Task.sleep(for: pause) } catch { return false }
        return true
    }

    func clearCache(_ context: DeliveryContext) async -> Outcome {
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
            return .failed(Problem(.worker, "\(error)"))
        }
    }
}

extension BuildState {
    /// - Parameter status: from the build API's response to an accepted update.
    init(status: String) {
        self =
            switch status {
            case "QUEUED", "BLOCKED", "FROZEN": .waiting
            case "SUCCESS", "FAILURE", "ABORTED", "UNSTABLE", "COLLAPSED": .ended
            // An unknown status: the update was accepted, so the build has not ended.
            default: .running
            }
    }
}
