internal import Clients
internal import Logging
internal import RabbitMQ
internal import Support
internal import Synchronization
internal import Workflow

/// A delivery and everything known about it before processing starts.
final class DeliveryContext: Sendable, Identifiable {
    let id = DeliveryContext.lastID.add(1, ordering: .relaxed).newValue
    private static let lastID = Atomic<Int>(0)
    let delivery: Delivery
    /// The decoded message, or why it cannot be decoded.
    let message: Result<BuildMessage, BuildMessageError>
    let command: BuildCommand
    let attempt: Int
    /// The broker could not redeliver it after a rejection, or a rejection would harm the broker.
    let mustNotBeRejected: Bool
    /// It was postponed or parked before, so this is not its first delivery.
    let wasHereBefore: Bool
    /// Init timers so far, from the timer message's header.
    let round: Int
    let isFromInitTimer: Bool
    /// Seconds since 1970: when the build API became overdue, and when the pod's transient problem was first seen.
    let owedSince: Int?
    let troubledSince: Int?
    let logger: Logger
    let arrivedAt: Timestamp
    let arrival = ContinuousClock.now

    private let pullStart: String?

    /// The id of this delivery's failure report, if one is made: the build's status message names it beforehand.
    let reportID = FailureReport.newID()

    /// - Parameter crashes: how often the message crashed the worker. It is not decoded if that is too often.
    init(
        _ delivery: Delivery, options: RabbitMQOptions, apiHosts: APIHosts = APIHosts(), logger: Logger,
        crashes: Int? = nil
    ) {
        self.delivery = delivery
        self.arrivedAt = .now
        let headers = delivery.properties.headers
        let deaths = DeathHistory(headers: headers)
        let message = Result { () throws(BuildMessageError) in
            if let crashes { throw BuildMessageError.poison(crashes: crashes) }
            guard !delivery.hasUnreadHeaders else { throw BuildMessageError.unreadHeaders }
            guard delivery.bodySize <= options.largestMessage else { throw Self.tooLarge(delivery, options) }
            guard !deaths.isMalformed else { throw BuildMessageError.malformedDeathHistory }
            let message = try BuildMessage(decoding: delivery.body)
            // A `stop` does not call the build API, so its pods are deleted whatever API it names.
            if message.jobType != "stop", let refusal = message.build?.apiURI.flatMap(apiHosts.refusal) {
                throw BuildMessageError.forbiddenAPI(refusal)
            }
            return message
        }
        self.message = message
        self.mustNotBeRejected = delivery.hasUnreadHeaders || deaths.isMalformed || deaths.isTrap(in: delivery.queue)
        self.isTooLarge = delivery.bodySize > options.largestMessage
        self.command = BuildCommand(message)
        let earlier = headers[Header.earlierAttempts]?.integer
        // A retry by an operator counts as well.
        self.wasHereBefore = earlier != nil || headers[Header.parkedHistory] != nil
        // Clients can set the header; the cap is above any limit.
        self.attempt = min(deaths.rejections(in: delivery.queue), 1_000_000) + max(0, min(earlier ?? 0, 1_000_000))
        self.round = max(0, min(headers[Header.initRound]?.integer ?? 0, 1_000_000))
        self.isFromInitTimer =
            deaths.rejections(in: delivery.queue) == 0
            && (deaths.expirations(in: options.initQueue) > 0 || headers[Header.initTimer]?.integer == 1)
        // Clients can set the header; a timestamp is no longer than this.
        self.pullStart = headers[Header.imagePullStart]?.text.flatMap { $0.utf8.count <= 64 ? $0 : nil }
        (self.owedSince, self.troubledSince) = (
            headers[Header.owedSince]?.integer, headers[Header.troubledSince]?.integer
        )
        var logger = logger
        logger[metadataKey: "queue"] = .string(delivery.queue)
        logger[metadataKey: "attempt"] = .stringConvertible(self.attempt)
        if case .success(let message) = message {
            logger[metadataKey: "jobType"] = .string(message.jobType)
            if let build = message.build {
                logger[metadataKey: "buildId"] = .stringConvertible(build.buildID.rawValue)
                if let jobID = build.jobID { logger[metadataKey: "jobId"] = .string(jobID) }
            }
        }
        self.logger = logger
    }

    var parkingError: BuildMessageError {
        if let error = self.unreadable.withLock({ $0 }) { return error }
        if case .failure(let error) = self.message { return error }
        return self.owedSince.map { .owed(since: $0) }
            ?? (self.mustNotBeRejected ? .malformedDeathHistory : .owed(since: 0))
    }

    private let isTooLarge: Bool
    /// Why what was said to be parked as poison cannot be decoded.
    private let unreadable = Mutex<BuildMessageError?>(nil)

    private static func tooLarge(_ delivery: Delivery, _ options: RabbitMQOptions) -> BuildMessageError {
        .tooLarge(bytes: delivery.bodySize, limit: options.largestMessage, hash: delivery.omitted?.hash)
    }

    /// `nil`: the message is unreadable, was not decoded, or concerns no build.
    var build: BuildConfig? { if case .success(let message) = self.message { message.build } else { nil } }

    /// Like ``build``, but decodes poison too, which may crash the process: only after parking, to fail the build.
    func decodeBuild() -> BuildConfig? {
        guard self.command.isPoison, !self.isTooLarge else { return self.build }
        #if TEST_HOOKS
            TestHooks.readPoison(self.delivery)
        #endif
        do throws(BuildMessageError) { return try BuildMessage(decoding: self.delivery.body).build } catch {
            self.unreadable.withLock { $0 = error }
            return nil
        }
    }

    /// Secrets to redact from all output. Does not decode poison.
    var tokens: [Secret] { [self.build?.token].compactMap { $0 } }

    /// `jobId: 91877, jobType: start, buildId: 8609231`, the format that operators grep.
    var job: String {
        guard case .success(let message) = self.message else { return "jobId: , jobType: unread, buildId: " }
        return
            "jobId: \(message.build?.jobID ?? ""), jobType: \(message.jobType), buildId: \(message.build?.buildID.description ?? "")"
    }

    /// Not the first delivery, whatever the outcome of earlier ones.
    var isRepeated: Bool { self.attempt > 0 || self.wasHereBefore || self.delivery.isRedelivered }

    func facts(_ rules: WorkflowRules) -> Facts {
        Facts(
            attempt: self.attempt, isRepeated: self.isRepeated, isFromInitTimer: self.isFromInitTimer,
            round: self.round,
            lastSeen: self.lastSeen, isHealing: self.troubledSince != nil,
            hadTimeToHeal: self.isOver(rules.healTimeout, since: self.troubledSince),
            isPermanent: self.delivery.properties.headers[Header.isPermanent]?.integer == 1,
            isOverdue: self.isOver(rules.apiPatience, since: self.owedSince), pullStart: self.pullStart)
    }

    /// Init timers are armed only for pods that were seen.
    private var lastSeen: String? {
        if let start = self.pullStart { return "it had a node, and its image was pulled since \(start)" }
        return self.round > 0 ? "it waited for a node when it was last seen" : nil
    }

    /// Clocks of machines differ, and clients can set headers: a time in the future counts as now.
    private func isOver(_ limit: Duration, since begin: Int?) -> Bool {
        guard limit > .zero else { return true }
        guard let begin else { return false }
        return begin < 0
            || .seconds(self.arrivedAt.secondsSince1970 - min(begin, self.arrivedAt.secondsSince1970)) >= limit
    }
}

/// Headers on published messages. `x-death` is the broker's.
enum Header {
    static let initRound = "x-init-round"
    /// 1 on a `verify` whose timer ran in this process, because the broker had no init queue.
    static let initTimer = "x-init-timer"
    static let imagePullStart = "x-image-pull-start-time"
    /// Attempts before the message was postponed; the broker's own count restarts.
    static let earlierAttempts = "x-earlier-attempts"
    /// When the build API became overdue (seconds since 1970).
    static let owedSince = "x-owed-since"
    /// When the pod's transient problem was first seen (seconds since 1970).
    static let troubledSince = "x-troubled-since"
    /// 1 on a `verify` of a pod with a permanent failure.
    static let isPermanent = "x-pod-is-hopeless"
    /// On parked poison whose build is not failed yet: how often it crashed a worker.
    static let poisonCrashes = "x-poison-crashes"
    static let parkedID = "x-parked-id"
    /// An array of tables: the headers of earlier parkings, with the time of each retry.
    static let parkedHistory = "x-parked-history"
    static let parkedReason = "x-parked-reason"
    static let parkedDetail = "x-parked-detail"
    static let parkedFrom = "x-parked-from"
    static let parkedAt = "x-parked-at"
    /// A malformed `x-death` from a client; the broker must not receive it again.
    static let malformedDeaths = "x-malformed-x-death"
    static let originalCC = "x-original-cc"
    static let originalBCC = "x-original-bcc"
    static let originalMessageID = "x-original-message-id"
}

extension BuildMessage {
    var jobType: String {
        switch self.job {
        case .start: "start"
        case .stop: "stop"
        case .verify: "verify"
        case .clear: "clear"
        }
    }

    var build: BuildConfig? {
        switch self.job {
        case .start(let build), .stop(let build), .verify(let build): build
        case .clear: nil
        }
    }
}

extension BuildCommand {
    var isPoison: Bool { if case .poison = self { true } else { false } }

    init(_ message: Result<BuildMessage, BuildMessageError>) {
        switch message {
        case .failure(.poison(let crashes)): self = .poison(crashes: crashes)
        case .failure: self = .unreadable
        case .success(let message):
            switch message.job {
            case .start: self = .start
            case .stop: self = .stop
            case .verify: self = .verify
            case .clear: self = .clear
            }
        }
    }
}
