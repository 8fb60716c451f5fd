internal import CoreMetrics
internal import Synchronization

/// A swift-metrics backend with Prometheus text output (version 0.0.4). Durations are in seconds.
final class PrometheusMetrics: MetricsFactory {
    private let families: [String: Metric]
    private let samples = Mutex<[String: [String: any PrometheusSample]]>([:])

    /// - Parameter metrics: the known metrics; unknown ones are ignored.
    init(_ metrics: [Metric] = Metric.all) {
        self.families = Dictionary(metrics.map { ($0.name, $0) }) { first, _ in first }
        self.order = metrics
    }

    private let order: [Metric]

    /// All samples, by metric in catalogue order.
    var text: String {
        let samples = self.samples.withLock { $0 }
        var text = ""
        for metric in self.order {
            guard let ofMetric = samples[metric.name], !ofMetric.isEmpty else { continue }
            text += "# HELP \(metric.name) \(metric.help)\n# TYPE \(metric.name) \(metric.kind.word)\n"
            for (labels, sample) in ofMetric.sorted(by: { $0.key < $1.key }) {
                sample.write(metric.name, labels, to: &text)
            }
        }
        return text
    }

    private func sample<Sample: PrometheusSample>(
        _ name: String, _ dimensions: [(String, String)], _ make: () -> Sample
    ) -> Sample {
        let labels = dimensions.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
        return self.samples.withLock { samples in
            if let known = samples[name]?[labels] as? Sample { return known }
            let sample = make()
            samples[name, default: [:]][labels] = sample
            return sample
        }
    }

    private static func escaped(_ value: String) -> String {
        value.flatMap { character -> String in
            switch character {
            case "\\": "\\\\"
            case "\"": "\\\""
            case "\n": "\\n"
            default: String(character)
            }
        }.reduce(into: "") { $0.append($1) }
    }

    private func limits(of name: String) -> [Double] {
        guard case .histogram(let limits) = self.families[name]?.kind else { return [] }
        return limits
    }

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        self.sample(label, dimensions) { PrometheusNumber() }
    }
    func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        self.sample(label, dimensions) { PrometheusNumber() }
    }
    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        self.sample(label, dimensions) { PrometheusNumber() }
    }
    func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        self.sample(label, dimensions) { PrometheusNumber() }
    }
    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        self.sample(label, dimensions) { PrometheusHistogram(limits: self.limits(of: label)) }
    }
    // Instruments live as long as the worker.
    func destroyCounter(_ handler: any CounterHandler) {}
    func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    func destroyMeter(_ handler: any MeterHandler) {}
    func destroyRecorder(_ handler: any RecorderHandler) {}
    func destroyTimer(_ handler: any TimerHandler) {}
}

extension Metric.Kind {
    fileprivate var word: String {
        switch self {
        case .counter: "counter"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }
}
