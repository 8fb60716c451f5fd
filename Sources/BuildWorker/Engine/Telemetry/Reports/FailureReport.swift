internal import Support
package import Workflow

/// A failure of one delivery or of the worker itself, for later analysis. Safe to show: no token, no payload.
package struct FailureReport: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        /// The attempt failed; another one follows.
        case retried
        /// Failed during an outage; another attempt follows, uncounted.
        case postponed
        case buildFailed = "build-failed"
        /// The API rejected the build's FAILURE.
        case failureRefused = "failure-refused"
        /// The build API failed too long for this build: the message is parked with the pending update.
        case owed
        /// The message is unreadable and parked.
        case parked
        /// The message is unreadable, and dropped because there is no parked queue.
        case dropped
        /// The message crashed the worker too often and is parked.
        case poison
        /// An optional status update was lost.
        case noteLost = "note-lost"
        /// The last attempt of a `stop` or `clear` failed; there is no status to report.
        case gaveUp = "gave-up"
        /// The worker stopped before the delivery was done.
        case handedBack = "handed-back"
        /// An earlier worker crashed with deliveries in flight.
        case crashed
        /// A worker died before it consumed a message.
        case startFailed = "start-failed"
    }

    package struct Step: Sendable, Hashable {
        /// Milliseconds since arrival.
        package let atMilliseconds: Int
        package let step: String
        package let outcome: String
        package let tookMilliseconds: Int
    }

    /// Twelve hexadecimal digits, unique; also in the build's status message.
    package let id: String
    package let kind: Kind
    package let failureClass: FailureClass
    /// Failure, place and reason without ids: shared by reports with the same cause.
    package let fingerprint: String
    /// The fingerprint's readable source.
    package let title: String
    /// RFC 3339.
    package let at: String
    package var buildID: Int?
    package var jobID: String?
    package var jobType: String?
    package var queue: String?
    package var attempt = 0
    /// From symptom to root cause.
    package let causes: [String]
    package var timeline: [Step] = []
    package let version: String
    package let host: String

    /// - Parameters:
    ///   - root: the root cause; source of title and fingerprint.
    ///   - secrets: redacted from every text.
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
