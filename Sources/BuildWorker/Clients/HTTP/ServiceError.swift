package import Workflow

/// Why a service did not do what it was asked for, for all who need not know which service it was.
package protocol ServiceError: Error, CustomStringConvertible {
    /// For example `create pod`.
    var operation: String { get }
    /// `nil`: there was no answer.
    var status: Int? { get }
    /// How long the service asks to be left alone, at most five minutes.
    var retryAfter: Duration? { get }
    /// Whose business it is, and what follows from it.
    var meaning: (FailureClass, ErrorTraits) { get }
}

package struct ErrorTraits: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// No other attempt can help.
    static let final = ErrorTraits(rawValue: 1)
    /// The service itself may be away: then every request fails like this, whichever build it is for.
    static let outage = ErrorTraits(rawValue: 2)
    /// The worker is set up wrongly: every request of it would fail like this.
    static let workersFault = ErrorTraits(rawValue: 4)
}

extension ServiceError {
    package var isRetriable: Bool { !self.meaning.1.contains(.final) }
    package var isPotentialOutage: Bool { self.meaning.1.contains(.outage) }
    package var isMisconfiguration: Bool { self.meaning.1.contains(.workersFault) }
    package var problem: Problem { Problem(self.meaning.0, self.description) }
}

/// What a request does to a service: it may still read where it can no longer write.
package enum RequestAccess: Hashable, Sendable { case read, write }

/// The layer around a client's requests that learns how each ended: health, circuit breaker and log are behind it. It changes none of them.
///
/// `send = observed ∘ authorised ∘ measured ∘ http`: the client authorises, its transport measures, and whoever puts the parts together adds this.
package struct RequestObserver: Sendable {
    /// Asks the service for next to nothing, past this layer. `nil`: it answers.
    package typealias Probe = @Sendable () async -> (any ServiceError)?

    /// - Parameters:
    ///   - error: `nil` where it had its effect.
    ///   - probe: repeats the question that failed.
    let ended: @Sendable (_ access: RequestAccess, _ error: (any ServiceError)?, _ probe: @escaping Probe) async -> Void

    package init(

        ended:
            @escaping @Sendable (_ access: RequestAccess, _ error: (any ServiceError)?, _ probe: @escaping Probe) async
            -> Void
    ) {
        self.ended = ended
    }

    /// - Parameters:
    ///   - isNews: `false` for an error that says nothing of the service.
    ///   - probe: throws while the service is away, and for nothing else.
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
