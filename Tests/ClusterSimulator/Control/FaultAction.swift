import NIOCore

/// What a fault rule does to a request.
enum FaultAction {
    /// Whether the request takes effect before the fault strikes.
    enum Moment: String { case before, after }

    /// This status is answered instead; `body` is JSON, nil means a plausible one.
    case status(Int, body: ByteBuffer?, Moment)
    case reset(Moment)
    case hang(Moment, TimeAmount?)
    /// The request takes effect at once and is answered late.
    case delay(TimeAmount)
    /// The request takes effect at once and is answered when the rule is taken back.
    case hold
    case redirect(String)
    /// The request takes effect; half of the answer's body is sent.
    case truncate
    /// Bytes instead of the answer, or around it: a request whose answer is a legal one takes effect.
    case raw(RawAnswer, Moment)

    /// As the journal names it.
    var name: String {
        switch self {
        case .status(let code, _, .before): "status-\(code)"
        case .status(let code, _, .after): "status-\(code)-after"
        case .reset(let moment): "reset-\(moment.rawValue)"
        case .hang(let moment, _): "hang-\(moment.rawValue)"
        case .delay(let time): "delay-\(time.nanoseconds / 1_000_000)"
        case .hold: "hold"
        case .redirect: "redirect"
        case .truncate: "truncate"
        case .raw(let raw, let moment):
            raw.kind.isLegal ? "unusual-\(raw.kind.rawValue)" : "broken-\(raw.kind.rawValue)-\(moment.rawValue)"
        }
    }
}
