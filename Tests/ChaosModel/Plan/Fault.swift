/// Something that goes wrong. Times are seconds.
package enum Fault: Hashable, Sendable {
    /// `kill -9`; started again after a pause, with the same spool directory.
    case workerKilled(Int, downFor: Double)
    /// SIGTERM, as in a rollout; started again when it has drained.
    case workerReplaced(Int, downFor: Double)
    /// SIGSTOP: the broker gives its messages to others while it still believes to have them.
    case workerFrozen(Int, seconds: Double)
    case spoolDiskFull(Int, seconds: Double)
    /// The wall clock jumps, and later back.
    case clockJumped(Int, by: Int, seconds: Double)
    case brokerKilled(downFor: Double)
    case brokerFrozen(seconds: Double)
    case connectionsCut
    /// Publishers are blocked.
    case memoryAlarm(seconds: Double)
    /// Some requests to one API fail.
    case requests(API, RequestFault, probability: Double, seconds: Double)
    /// Some requests to one API are answered with bytes that HTTP does not know, or that few servers send. Each kind has an equal part.
    case rawAnswers(API, [RawAnswer], probability: Double, seconds: Double)
    /// Nothing listens.
    case outage(API, seconds: Double)
    /// Every request is refused.
    case refusal(API, status: Int, seconds: Double)

    package enum API: String, Sendable { case kubernetes, api }
}

/// What happens to a request. "After" means that it has had its effect, and only its answer fails.
package enum RequestFault: Hashable, Sendable {
    case status(Int, isAfter: Bool)
    case reset(isAfter: Bool)
    case hang(isAfter: Bool)
    case delay(milliseconds: Int)
    case truncate
}

extension Fault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .workerKilled(let worker, let pause): "kill -9 of worker \(worker), back \(pause) s later"
        case .workerReplaced(let worker, let pause): "SIGTERM to worker \(worker), back \(pause) s after its end"
        case .workerFrozen(let worker, let seconds): "SIGSTOP of worker \(worker) for \(seconds) s"
        case .spoolDiskFull(let worker, let seconds): "spool disk of worker \(worker) full for \(seconds) s"
        case .clockJumped(let worker, let jump, let seconds):
            "clock of worker \(worker) wrong by \(jump) s for \(seconds) s"
        case .brokerKilled(let pause): "kill -9 of the broker, restarted \(pause) s later"
        case .brokerFrozen(let seconds): "SIGSTOP of the broker for \(seconds) s"
        case .connectionsCut: "all connections of the broker cut"
        case .memoryAlarm(let seconds): "memory alarm for \(seconds) s"
        case .requests(let api, let fault, let probability, let seconds):
            "\(fault) for \(Int((probability * 100).rounded())) % of the requests to \(api.rawValue) for \(seconds) s"
        case .rawAnswers(let api, let answers, let probability, let seconds):
            "\(answers) for \(Int((probability * 100).rounded())) % of the requests to \(api.rawValue) for \(seconds) s"
        case .outage(let api, let seconds): "\(api.rawValue) refuses connections for \(seconds) s"
        case .refusal(let api, let status, let seconds):
            "\(api.rawValue) answers \(status) to everything for \(seconds) s"
        }
    }
}

extension RequestFault: CustomStringConvertible {
    package var description: String {
        func moment(_ isAfter: Bool) -> String { isAfter ? "after the effect" : "before the effect" }
        return switch self {
        case .status(let code, let isAfter): "status \(code) \(moment(isAfter))"
        case .reset(let isAfter): "reset \(moment(isAfter))"
        case .hang(let isAfter): "no answer \(moment(isAfter))"
        case .delay(let milliseconds): "answer \(milliseconds) ms late"
        case .truncate: "answer cut in half"
        }
    }
}
