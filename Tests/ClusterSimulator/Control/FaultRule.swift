import NIOCore

/// Which requests fail, how often, and how.
final class FaultRule {
    let id: Int
    let specification: FaultSpecification
    private var skipped = 0
    private var used = 0
    private var random: SeededGenerator
    /// Answers that wait for ``release()``.
    private var held: [(answer: DeferredOutcome, Outcome)] = []
    private var isReleased = false

    var action: FaultAction { specification.action }

    init(id: Int, specification: FaultSpecification) {
        self.id = id
        self.specification = specification
        random = SeededGenerator(seed: specification.seed)
    }

    /// Whether this request is hit. Counts it when all conditions match: first those to be skipped, then
    /// chance, then the number of times.
    func hits(listener: ListenerName, method: String, uri: String, build: String?) -> Bool {
        let rule = specification
        guard rule.listener == listener, used < rule.times ?? .max else { return false }
        if let wanted = rule.method, wanted != method { return false }
        if let wanted = rule.build, wanted != build { return false }
        if let path = rule.path, (try? path.firstMatch(in: uri)) == nil { return false }
        if skipped < rule.skip {
            skipped += 1
            return false
        }
        if let probability = rule.probability, Double.random(in: 0..<1, using: &random) >= probability { return false }
        used += 1
        return true
    }

    /// By how much the answer is held back, where all are by `latency`.
    func delay(_ latency: TimeAmount) -> TimeAmount {
        switch action {
        case .delay(let time): latency + time
        case .hang: .zero
        case .status, .reset, .hold, .redirect, .truncate, .raw: latency
        }
    }

    /// Whether the request has no effect.
    var strikesBefore: Bool {
        switch action {
        case .status(_, _, let moment), .reset(let moment), .hang(let moment, _), .raw(_, let moment): moment == .before
        case .redirect: true
        case .delay, .hold, .truncate: false
        }
    }

    /// Carries out the action around the effect of a request.
    func apply(perform: () -> Performance) -> Performance {
        var performance = act(perform)
        performance.fault = "rule \(id) \(action.name)"
        return performance
    }

    private func act(_ perform: () -> Performance) -> Performance {
        switch action {
        case .status(let code, let body, let moment):
            let response = body.map { Response(status: code, body: $0) } ?? Self.plausible(code, specification.listener)
            return replace(.answer(response), moment, perform)
        case .reset(let moment): return replace(.reset, moment, perform)
        case .hang(let moment, let limit): return replace(.hang(limit), moment, perform)
        case .delay: return perform()
        case .hold: return hold(perform())
        case .redirect(let location): return Performance(.redirect(to: location))
        case .truncate:
            var performance = perform()
            if case .answer(let response) = performance.outcome { performance.outcome = .truncate(response) }
            return performance
        case .raw(let raw, let moment):
            var performance = moment == .before ? Performance(Self.promising(raw.kind)) : perform()
            if case .answer(let response) = performance.outcome {
                let position = raw.position ?? Int.random(in: 0...0xFFFF, using: &random)
                performance.outcome = .raw(RawAnswer(kind: raw.kind, position: position), response)
            }
            return performance
        }
    }

    /// What is begun to be said where nothing was done. What is whole must not promise more than was done.
    private static func promising(_ kind: RawAnswer.Kind) -> Response {
        Response(
            status: kind == .gzipBomb ? 502 : 200,
            json: #"{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[],"status":"QUEUED"}"#)
    }

    private func replace(_ outcome: Outcome, _ moment: FaultAction.Moment, _ perform: () -> Performance) -> Performance
    {
        switch moment {
        case .before: return Performance(outcome)
        case .after:
            var performance = perform()
            performance.outcome = outcome
            return performance
        }
    }

    private func hold(_ performance: Performance) -> Performance {
        // A real API server may answer after the rule was taken back.
        guard !isReleased else { return performance }
        let answer = DeferredOutcome()
        held.append((answer, performance.outcome))
        var performance = performance
        performance.outcome = .deferred(answer)
        return performance
    }

    /// Lets go of what the rule holds. It must not be asked about requests any more.
    func release() {
        isReleased = true
        for (answer, outcome) in held { answer.resolve(outcome) }
        held = []
    }

    private static func plausible(_ code: Int, _ listener: ListenerName) -> Response {
        switch listener {
        case .kubernetes where code == 429: .tooManyRequests
        case .kubernetes, .control:
            KubernetesStatus(code: code, reason: "InternalError", message: "injected fault \(code)").response
        case .api:
            Response(
                status: code, json: #"{"statusCode":\#(code),"error":"Fault","message":"injected fault \#(code)"}"#)
        }
    }
}

/// SplitMix64: the same seed gives the same faults.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
