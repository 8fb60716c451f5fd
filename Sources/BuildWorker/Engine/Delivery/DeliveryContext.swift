internal import Clients
internal import Logging
internal import RabbitMQ
internal import Support
internal import Synchronization
internal import Workflow

/// One delivery with all that its handling needs to know: what it asks for, and what is known before anything is done.
final class DeliveryContext: Sendable, Identifiable {
    /// Of this process.
    let id = DeliveryContext.lastID.add(1, ordering: .relaxed).newValue
    private static let lastID = Atomic<Int>(0)
    let delivery: Delivery
    /// A message, or why it is none.
    let message: Result<BuildMessage, BuildMessageError>
    let command: BuildCommand
    let attempt: Int
    /// The broker could not bring it back after a rejection, or would be harmed by one.
    let mustNotBeRejected: Bool
    /// It waited without an attempt, or was parked, so this is not its first delivery.
    let wasHereBefore: Bool
    /// Init timers the build has had, from the header that we put on the timer's message.
    let round: Int
    let isFromInitTimer: Bool
    /// Since when the build API has owed an answer, and since when the pod has been in trouble that may pass (seconds since 1970).
    let owedSince: Int?
    let troubledSince: Int?
    /// Carries build and job on every line.
    let logger: Logger
    let arrivedAt: Timestamp
    /// The same moment, to measure from.
    let arrival = ContinuousClock.now

    /// When the image pull began, by an earlier look at the pod.
    private let pullStart: String?

    /// Of the report that is made should this delivery fail: the build's status message names it before it is made.
    let reportID = FailureReport.newID()

    /// - Parameter crashes: so often handling it ended the worker: it is not read.
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
            // A `stop` asks the build API nothing, so its pods go, whatever it names.
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
        // An operator's retry is not the first delivery either.
        self.wasHereBefore = earlier != nil || headers[Header.parkedHistory] != nil
        // Any client may write the header: more attempts than any limit are as good as the limit.
        self.attempt = min(deaths.rejections(in: delivery.queue), 1_000_000) + max(0, min(earlier ?? 0, 1_000_000))
        // A client may send any number here; more timers than any limit is as good as the limit.
        self.round = max(0, min(headers[Header.initRound]?.integer ?? 0, 1_000_000))
        self.isFromInitTimer =
            deaths.rejections(in: delivery.queue) == 0
            && (deaths.expirations(in: options.initQueue) > 0 || headers[Header.initTimer]?.integer == 1)
        // Any client may write this one, too; a time is no longer.
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

    /// Why it is parked, should it be.
    var parkingError: BuildMessageError {
        if case .failure(let error) = self.message { return error }
        return self.owedSince.map { .owed(since: $0) }
            ?? (self.mustNotBeRejected ? .malformedDeathHistory : .owed(since: 0))
    }

    private let isTooLarge: Bool

    private static func tooLarge(_ delivery: Delivery, _ options: RabbitMQOptions) -> BuildMessageError {
        .tooLarge(bytes: delivery.bodySize, limit: options.largestMessage, hash: delivery.omitted?.hash)
    }

    /// `nil`: the message is unreadable, not read, or concerns no build.
    var build: BuildConfig? { if case .success(let message) = self.message { message.build } else { nil } }

    /// … and poison is decoded for it, which may be what kills the process: only once it is parked, and where its build has to be told.
    func decodeBuild() -> BuildConfig? {
        guard self.command.isPoison, !self.isTooLarge else { return self.build }
        #if TEST_HOOKS
            TestHooks.readPoison(self.delivery)
        #endif
        do throws(BuildMessageError) { return try BuildMessage(decoding: self.delivery.body).build } catch {
            return nil
        }
    }

    /// What must stand in nothing that is shown. Poison is not read for it.
    var tokens: [Secret] { [self.build?.token].compactMap { $0 } }

    /// `jobId: 91877, jobType: start, buildId: 8609231`, as operators grep it.
    var job: String {
        guard case .success(let message) = self.message else { return "jobId: , jobType: unread, buildId: " }
        return
            "jobId: \(message.build?.jobID ?? ""), jobType: \(message.jobType), buildId: \(message.build?.buildID.description ?? "")"
    }

    /// Not the first delivery, whatever became of those before.
    var isRepeated: Bool { self.attempt > 0 || self.wasHereBefore || self.delivery.isRedelivered }

    /// What the workflow begins with.
    func facts(_ rules: WorkflowRules) -> Facts {
        Facts(
            attempt: self.attempt, isRepeated: self.isRepeated, isFromInitTimer: self.isFromInitTimer,
            round: self.round,
            lastSeen: self.lastSeen, isHealing: self.troubledSince != nil,
            hadTimeToHeal: self.isOver(rules.healTimeout, since: self.troubledSince),
            isPermanent: self.delivery.properties.headers[Header.isPermanent]?.integer == 1,
            isOverdue: self.isOver(rules.apiPatience, since: self.owedSince), pullStart: self.pullStart)
    }

    /// Timers are armed for pods that were seen.
    private var lastSeen: String? {
        if let start = self.pullStart { return "it had a node, and its image was pulled since \(start)" }
        return self.round > 0 ? "it waited for a node when it was last seen" : nil
    }

    /// Clocks of several machines differ, and any client may write a header: a time to come has just begun.
    private func isOver(_ limit: Duration, since begin: Int?) -> Bool {
        guard limit > .zero else { return true }
        guard let begin else { return false }
        return begin < 0
            || .seconds(self.arrivedAt.secondsSince1970 - min(begin, self.arrivedAt.secondsSince1970)) >= limit
    }
}

/// Headers on what we publish. `x-death` is the broker's.
enum Header {
    static let initRound = "x-init-round"
    /// 1 on a `verify` whose timer ran in this process, because the broker had no queue for it.
    static let initTimer = "x-init-timer"
    static let imagePullStart = "x-image-pull-start-time"
    /// On a message that waits without an attempt: those it had before. The broker's own count began anew.
    static let earlierAttempts = "x-earlier-attempts"
    /// When the build API began to owe an answer (seconds since 1970), on a message that waits for it.
    static let owedSince = "x-owed-since"
    /// When the pod was first seen in trouble that may pass (seconds since 1970).
    static let troubledSince = "x-troubled-since"
    /// 1 on a `verify` of a pod that was seen in trouble that does not pass.
    static let isPermanent = "x-pod-is-hopeless"
    /// On poison that is parked already and whose build is still to be told: how often it crashed a worker.
    static let poisonCrashes = "x-poison-crashes"
    static let parkedID = "x-parked-id"
    /// An array of tables: the headers of earlier parkings, with the time of each retry.
    static let parkedHistory = "x-parked-history"
    static let parkedReason = "x-parked-reason"
    static let parkedDetail = "x-parked-detail"
    static let parkedFrom = "x-parked-from"
    static let parkedAt = "x-parked-at"
    /// A client's `x-death` that no broker may see again.
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
