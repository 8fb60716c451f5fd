internal import Logging

/// What the build API is asked and told, and what this node keeps itself.
extension ActionPerformer {
    private static let endedStates: Set<String> = ["SUCCESS", "FAILURE", "ABORTED", "COLLAPSED"]

    /// A note is good to know, not owed: it may not hold its delivery for longer than this and one more attempt.
    private static let notePatience = Duration.seconds(15)

    private var retries: RetryPolicy { RetryPolicy(maxAttempts: self.options.requestMaxAttempts, delay: self.options.requestRetryDelay) }

    func askForBuild(_ context: DeliveryContext) async -> BuildState {
        guard let build = context.build, let apiURI = build.apiURI, let token = build.token else { return .unknown }
        do {
            let status = try await self.buildAPI.status(of: build.buildID, at: apiURI, token: token)
            return Self.endedStates.contains(status) ? .ended : .active
        } catch {
            context.logger.warning("the build API could not be asked for the build", metadata: ["error": .string(error.description)])
            return error.isRetriable ? .unavailable(detail: error.description) : .unknown
        }
    }

    func tell(_ note: BuildNote, _ context: DeliveryContext) async -> Fact {
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

    func reportFailure(_ cause: FailureCause, _ context: DeliveryContext) async -> ReportOutcome {
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
            return .failed(detail: "\(error)")
        }
    }
}
