internal import CoreMetrics
internal import Support
internal import Synchronization

/// A swift-metrics backend for a statsd server over UDP. Lost packets are not resent.
///
/// Plain statsd has no labels: their values become part of the name (`build_worker.deliveries.start`). Counters are
/// increments, durations are in milliseconds.
final class StatsdMetrics: MetricsFactory {
    /// Fits every network's MTU, as the statsd documentation recommends.
    static let largestPacket = 512
    /// Lines kept until the next flush; further ones are dropped and counted.
    private static let largestBacklog = 20_000

    private struct State {
        var counts: [String: Double] = [:]
        var gauges: [String: Double] = [:]
        var timings: [String] = []
        var dropped = 0
    }

    private let prefix: String
    private let send: @Sendable ([UInt8]) -> Void
    private let state = Mutex(State())

    /// - Parameter prefix: of all names, without the trailing dot; may be empty.
    init(prefix: String, send: @escaping @Sendable ([UInt8]) -> Void) {
        self.prefix = prefix.isEmpty ? "" : "\(prefix)."
        self.send = send
    }

    func flush() {
        let state = self.state.withLock { state in
            let taken = state
            state = State()
            // A gauge keeps its value.
            state.gauges = taken.gauges
            return taken
        }
        var lines = state.counts.sorted { $0.key < $1.key }.map { "\($0.key):\($0.value.plainText)|c" }
        for (name, value) in state.gauges.sorted(by: { $0.key < $1.key }) {
            // A signed gauge value is a relative change, so negative values are sent in two steps.
            if value < 0 { lines.append("\(name):0|g") }
            lines.append("\(name):\(value.plainText)|g")
        }
        lines += state.timings
        if state.dropped > 0 { lines.append("\(self.prefix)statsd_dropped:\(state.dropped)|c") }
        self.send(packets: lines)
    }

    private func send(packets lines: [String]) {
        var packet: [UInt8] = []
        for line in lines {
            let bytes = Array(line.utf8)
            guard bytes.count <= Self.largestPacket else { continue }
            if !packet.isEmpty, packet.count + 1 + bytes.count > Self.largestPacket {
                self.send(packet)
                packet = []
            }
            if !packet.isEmpty { packet.append(0x0A) }
            packet += bytes
        }
        if !packet.isEmpty { self.send(packet) }
    }

    /// `build_worker_deliveries_total` with `start` → `<prefix>deliveries.start`.
    private func name(_ label: String, _ dimensions: [(String, String)]) -> String {
        var name = label[...]
        if name.hasPrefix(Metric.prefix) { name = name.dropFirst(Metric.prefix.count) }
        for unit in ["_total", "_seconds"] where name.hasSuffix(unit) { name = name.dropLast(unit.count) }
        let values = dimensions.map { value in
            ".\(String(value.1.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") ? $0 : "_" }))"
        }
        return "\(self.prefix)\(name)\(values.joined())"
    }

    fileprivate func add(_ name: String, _ amount: Double) {
        self.state.withLock { $0.counts[name, default: 0] += amount }
    }
    fileprivate func set(_ name: String, _ value: Double) { self.state.withLock { $0.gauges[name] = value } }
    fileprivate func time(_ name: String, _ nanoseconds: Int64) {
        let line = "\(name):\((Double(nanoseconds) / 1e6).plainText)|ms"
        self.state.withLock { state in
            if state.timings.count < Self.largestBacklog { state.timings.append(line) } else { state.dropped += 1 }
        }
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        StatsdInstrument(self, self.name(label, dimensions))
    }
    func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        StatsdInstrument(self, self.name(label, dimensions))
    }
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        StatsdGauge(self, self.name(label, dimensions))
    }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        StatsdGauge(self, self.name(label, dimensions))
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        StatsdInstrument(self, self.name(label, dimensions))
    }
    // Instruments live as long as the worker.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}

private final class StatsdInstrument: CounterHandler, FloatingPointCounterHandler, TimerHandler {
    private let backend: StatsdMetrics
    private let name: String

    init(_ backend: StatsdMetrics, _ name: String) { (self.backend, self.name) = (backend, name) }

    func increment(by amount: Int64) { self.backend.add(self.name, Double(amount)) }
    func increment(by amount: Double) { self.backend.add(self.name, amount) }
    /// Sent values cannot be withdrawn.
    func reset() {}
    func recordNanoseconds(_ duration: Int64) { self.backend.time(self.name, duration) }
}

private final class StatsdGauge: MeterHandler, RecorderHandler {
    private let backend: StatsdMetrics
    private let name: String
    private let value = Mutex(0.0)

    init(_ backend: StatsdMetrics, _ name: String) { (self.backend, self.name) = (backend, name) }

    func set(_ value: Int64) { self.set(Double(value)) }
    func set(_ value: Double) { self.change { $0 = value } }
    func record(_ value: Int64) { self.set(Double(value)) }
    func record(_ value: Double) { self.set(value) }
    func increment(by amount: Double) { self.change { $0 += amount } }
    func decrement(by amount: Double) { self.change { $0 -= amount } }

    private func change(_ body: (inout Double) -> Void) {
        self.backend.set(
            self.name,
            self.value.withLock { value in
                body(&value)
                return value
            })
    }
}
