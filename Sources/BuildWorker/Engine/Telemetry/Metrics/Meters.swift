internal import CoreMetrics
internal import Synchronization

/// Records metrics through swift-metrics. Instruments are cached, so that counting costs a table lookup.
final class Metrics: Sendable {
    private struct Key: Hashable {
        let name: String
        let labels: [String]
    }

    private struct Instruments {
        var counters: [Key: Counter] = [:]
        var exactCounters: [Key: FloatingPointCounter] = [:]
        var timers: [Key: CoreMetrics.Timer] = [:]
        var gauges: [Key: Gauge] = [:]
    }

    private let factory: any MetricsFactory
    private let instruments = Mutex(Instruments())

    init(_ factory: any MetricsFactory) { self.factory = factory }

    convenience init(_ prometheus: PrometheusMetrics, _ statsd: StatsdMetrics?) {
        self.init(statsd.map { MultiplexMetricsHandler(factories: [prometheus, $0]) } ?? prometheus)
    }

    /// - Parameter labels: values in the order of ``Metric/labels``.
    func count(_ metric: Metric, _ labels: String..., by amount: Int = 1) {
        let counter = self.instruments.withLock { all in
            self.instrument(&all.counters, metric, labels) {
                Counter(label: metric.name, dimensions: $0, factory: self.factory)
            }
        }
        counter.increment(by: Int64(amount))
    }

    func count(_ metric: Metric, by amount: Double) {
        let counter = self.instruments.withLock { all in
            self.instrument(&all.exactCounters, metric, []) {
                FloatingPointCounter(label: metric.name, dimensions: $0, factory: self.factory)
            }
        }
        counter.increment(by: amount)
    }

    func record(_ metric: Metric, _ labels: String..., took duration: Duration) {
        let timer = self.instruments.withLock { all in
            self.instrument(&all.timers, metric, labels) {
                CoreMetrics.Timer(label: metric.name, dimensions: $0, factory: self.factory)
            }
        }
        // Clamped to 0…292 years, the range of the integer.
        timer.recordNanoseconds(Int64(min(max(0, duration / .nanoseconds(1)), 9e18)))
    }

    func set(_ metric: Metric, _ labels: String..., to value: Double) {
        let gauge = self.instruments.withLock { all in
            self.instrument(&all.gauges, metric, labels) {
                Gauge(label: metric.name, dimensions: $0, factory: self.factory)
            }
        }
        gauge.record(value)
    }

    private func instrument<Instrument>(
        _ known: inout [Key: Instrument], _ metric: Metric, _ labels: [String],
        _ make: ([(String, String)]) -> Instrument
    ) -> Instrument {
        precondition(labels.count == metric.labels.count, "\(metric.name) has labels \(metric.labels)")
        let key = Key(name: metric.name, labels: labels)
        if let instrument = known[key] { return instrument }
        let instrument = make(Array(zip(metric.labels, labels)))
        known[key] = instrument
        return instrument
    }
}
