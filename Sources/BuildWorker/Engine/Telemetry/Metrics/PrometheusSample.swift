internal import CoreMetrics
internal import Support
internal import Synchronization

protocol PrometheusSample: AnyObject, Sendable {
    /// - Parameter labels: `name="value",…`, escaped; may be empty.
    func write(_ name: String, _ labels: String, to text: inout String)
}

final class PrometheusNumber: PrometheusSample, CounterHandler, FloatingPointCounterHandler, MeterHandler,
    RecorderHandler
{
    private let value = Mutex(0.0)

    func increment(by amount: Int64) { self.value.withLock { $0 += Double(amount) } }
    func increment(by amount: Double) { self.value.withLock { $0 += amount } }
    func decrement(by amount: Double) { self.value.withLock { $0 -= amount } }
    func reset() { self.value.withLock { $0 = 0 } }
    func set(_ value: Int64) { self.set(Double(value)) }
    func set(_ value: Double) { self.value.withLock { $0 = value } }
    func record(_ value: Int64) { self.set(Double(value)) }
    func record(_ value: Double) { self.set(value) }

    func write(_ name: String, _ labels: String, to text: inout String) {
        let value = self.value.withLock { $0 }
        text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(value.plainText)\n"
    }
}

final class PrometheusHistogram: PrometheusSample, TimerHandler {
    private struct State {
        var counts: [Int]
        var sum = 0.0
        var count = 0
    }

    private let limits: [Double]
    private let state: Mutex<State>

    init(limits: [Double]) {
        self.limits = limits
        self.state = Mutex(State(counts: Array(repeating: 0, count: limits.count)))
    }

    func recordNanoseconds(_ duration: Int64) {
        let seconds = Double(duration) / 1e9
        let index = self.limits.firstIndex { seconds <= $0 }
        self.state.withLock { state in
            if let index { state.counts[index] += 1 }
            state.sum += seconds
            state.count += 1
        }
    }

    func write(_ name: String, _ labels: String, to text: inout String) {
        let state = self.state.withLock { $0 }
        let others = labels.isEmpty ? "" : "\(labels),"
        var count = 0
        for (limit, ofBucket) in zip(self.limits, state.counts) {
            count += ofBucket
            text += "\(name)_bucket{\(others)le=\"\(limit.plainText)\"} \(count)\n"
        }
        let braced = labels.isEmpty ? "" : "{\(labels)}"
        text += "\(name)_bucket{\(others)le=\"+Inf\"} \(state.count)\n"
        text += "\(name)_sum\(braced) \(state.sum.plainText)\n\(name)_count\(braced) \(state.count)\n"
    }
}
