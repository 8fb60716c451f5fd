package import Workflow

/// A service's failure, for code that is independent of the service.
package protocol ServiceError: Error, CustomStringConvertible {
    /// For example `create pod`.
    var operation: String { get }
    /// `nil`: no response.
    var status: Int? { get }
    /// The delay the service requests, at most five minutes.
    var retryAfter: Duration? { get }
    /// The failure's class and its consequences.
    var meaning: (FailureClass, ErrorTraits) { get }
}

package struct ErrorTraits: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    static let final = ErrorTraits(rawValue: 1)
    /// The service itself may be unavailable: then all requests fail, for every build.
    static let outage = ErrorTraits(rawValue: 2)
    /// The worker is misconfigured: all its requests would fail.
    static let workersFault = ErrorTraits(rawValue: 4)
}

extension ServiceError {
    package var isRetriable: Bool { !self.meaning.1.contains(.final) }
    package var isPotentialOutage: Bool { self.meaning.1.contains(.outage) }
    package var isMisconfiguration: Bool { self.meaning.1.contains(.workersFault) }
    package var problem: Problem { Problem(self.meaning.0, self.description) }
}

/// The kind of access: a service may still be readable when it is no longer writable.
package enum RequestAccess: Hashable, Sendable { case read, write }

/// Observes the results of a client's requests without changing them: for health, circuit breaker and log.
///
/// `send = observed ∘ authorised ∘ measured ∘ http`: added by the composition root, around client and transport.
package struct RequestObserver: Sendable {
    /// Sends the service a minimal request, bypassing this layer. `nil`: it answers.
    package typealias Probe = @Sendable () async -> (any ServiceError)?

    /// - Parameters:
    ///   - error: `nil` on success.
    ///   - probe: repeats the kind of request that failed.
    let ended: @Sendable (_ access: RequestAccess, _ error: (any ServiceError)?, _ probe: @escaping Probe) async -> Void

    package init(
        ended:
            @escaping @Sendable (_ access: RequestAccess, _ error: (any ServiceError)?, _ probe: @escaping Probe) async
            -> Void
    ) {
        self.ended = ended
    }

    /// - Parameters:
    ///   - isNews: `false` for errors that say nothing of the service.
    ///   - probe: throws only while the service is unavailable.
    func around<Answer: Sendable, Failure: ServiceError>(
        _ access: RequestAccess, isNews: (Failure) -> Bool = { _ in true },
        probe: @escaping @Sendable () async throws(Failure) -> Void,
        _ request: () async throws(Failure) -> Answer
    ) async throws(Failure) -> Answer {
        let probe: Probe = {
            do throws(Failure) { try await probe() } catch { return error }
            return nil
        }
        do throws(Failure) {
            let answer = try await request()
            await self.ended(access, nil, probe)
            return answer
        } catch {
            if isNews(error) { await self.ended(access, error, probe) }
            throw error
        }
    }
}
