internal import Support
package import Workflow

/// What went wrong with one delivery, or with the worker itself, for people who look into it later. Safe to show: no token, no
/// payload.
package struct FailureReport: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The attempt failed; another follows.
        case retried
        /// It failed with an outage; another attempt follows, uncounted.
        case postponed
        /// The build was set to FAILURE.
        case buildFailed = "build-failed"
        /// The build should be FAILURE, and the API refused to hear it.
        case failureRefused = "failure-refused"
        /// The build API has failed for this build for too long: its message is parked with what is owed.
        case owed
        /// Nobody could read the message: it is parked.
        case parked
        /// Nobody could read the message, and there is no queue to park it in: it is gone.
        case dropped
        /// The message crashed the worker too often: it is parked.
        case poison
        /// Something good to know was not told to the build API.
        case noteLost = "note-lost"
        /// The last attempt failed and there is nobody to tell: a `stop` or a `clear`.
        case gaveUp = "gave-up"
        /// The worker ended before it was done.
        case handedBack = "handed-back"
        /// An earlier worker ended without warning while it had messages in flight.
        case crashed
        /// A worker died before it took its first message.
        case startFailed = "start-failed"
    }

    /// One thing that was done for the delivery.
    package struct Step: Sendable, Hashable {
        /// Since the delivery arrived.
        package let atMilliseconds: Int
        package let step: String
        package let outcome: String
        package let tookMilliseconds: Int
    }

    /// Twelve hexadecimal digits: this one report. It stands in the build's status message.
    package let id: String
    package let kind: Kind
    package let failureClass: FailureClass
    /// What failed, where and why, without ids: reports that have one cause share it.
    package let fingerprint: String
    /// What the fingerprint is made of, for people.
    package let title: String
    /// RFC 3339.
    package let at: String
    package var buildID: Int?
    package var jobID: String?
    package var jobType: String?
    package var queue: String?
    package var attempt = 0
    /// From what people see to what is behind it.
    package let causes: [String]
    package var timeline: [Step] = []
    package let version: String
    package let host: String

    /// - Parameters:
    ///   - root: what is behind it; names it, and groups those that have it in common.
    ///   - causes: at least one; each is made safe to show.
    ///   - secrets: what must not stand in any text.
    init(
        id: String = FailureReport.newID(), _ kind: Kind, _ root: Problem, causes: [String], host: String,
        hiding secrets: [Secret] = [], time: Timestamp = .now
    ) {
        (self.id, self.kind, self.failureClass, self.host, self.version) = (
            id, kind, root.failureClass, host, Product.version
        )
        self.at = time.text
        self.causes = causes.map { $0.withoutCredentials.sanitizedForLog(limit: 1000, hiding: secrets) }
        let cause = FailureFingerprint.withoutIDs(
            root.detail.withoutCredentials.sanitizedForLog(limit: 1000, hiding: secrets))
        self.title = "\(root.failureClass.rawValue): \(cause) (\(kind.rawValue))".sanitizedForLog(limit: 300)
        self.fingerprint = FailureFingerprint.of(kind: kind.rawValue, failureClass: root.failureClass, cause: cause)
    }

    static func newID() -> String { UInt64.random(in: 0..<(1 << 48)).hexadecimal(digits: 12) }
}
