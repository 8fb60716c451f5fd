import Testing

@testable import BuildWorker
@testable import Clients

@Suite struct PrometheusMetricsTests {
    @Test func namesAreAsPrometheusWantsThem() {
        #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
        for metric in Metric.all {
            #expect(metric.name.wholeMatch(of: /[a-z][a-z_]*/) != nil, "\(metric.name)")
            #expect(metric.name.hasPrefix(Metric.prefix) || metric.name.hasPrefix("process_"), "\(metric.name)")
            #expect(!metric.help.isEmpty && !metric.help.hasSuffix("."), "\(metric.name)")
            switch metric.kind {
            case .counter: #expect(metric.name.hasSuffix("_total"), "\(metric.name)")
            case .gauge: #expect(!metric.name.hasSuffix("_total"), "\(metric.name)")
            case .histogram(let limits):
                #expect(metric.name.hasSuffix("_seconds"), "\(metric.name)")
                #expect(limits == limits.sorted() && Set(limits).count == limits.count, "\(metric.name)")
            }
        }
    }

    @Test func countsAndGauges() {
        let prometheus = PrometheusMetrics()
        let meters = Metrics(prometheus, nil)
        meters.count(.deliveries, "start")
        meters.count(.deliveries, "start", by: 2)
        meters.count(.deliveries, "stop")
        meters.set(.unacked, to: 5)
        meters.set(.unacked, to: 3)
        meters.set(.oldestUnacked, to: 1.25)
        #expect(
            prometheus.text == """
                # HELP build_worker_deliveries_total Messages taken from the build and retry queues
                # TYPE build_worker_deliveries_total counter
                build_worker_deliveries_total{type="start"} 3
                build_worker_deliveries_total{type="stop"} 1
                # HELP build_worker_unacked Deliveries taken and not settled
                # TYPE build_worker_unacked gauge
                build_worker_unacked 3
                # HELP build_worker_oldest_unacked_seconds Age of the oldest of them; 0 without any
                # TYPE build_worker_oldest_unacked_seconds gauge
                build_worker_oldest_unacked_seconds 1.25

                """)
    }

    @Test func durationsFallIntoTheirBuckets() {
        let metric = Metric(.histogram(limits: [0.125, 1]), "x_seconds", ["type"], "For this test")
        let prometheus = PrometheusMetrics([metric])
        let meters = Metrics(prometheus, nil)
        // Sums of these are exact.
        for microseconds in [62_500, 125_000, 250_000, 1_000_000, 5_000_000] {
            meters.record(metric, "start", took: .microseconds(microseconds))
        }
        #expect(
            prometheus.text == """
                # HELP x_seconds For this test
                # TYPE x_seconds histogram
                x_seconds_bucket{type="start",le="0.125"} 2
                x_seconds_bucket{type="start",le="1"} 4
                x_seconds_bucket{type="start",le="+Inf"} 5
                x_seconds_sum{type="start"} 6.4375
                x_seconds_count{type="start"} 5

                """)
    }

    @Test func labelValuesAreEscaped() {
        let metric = Metric(.gauge, "x", ["name"], "For this test")
        let prometheus = PrometheusMetrics([metric])
        Metrics(prometheus, nil).set(metric, "a \"b\"\\\nc", to: 1)
        #expect(prometheus.text.contains(#"x{name="a \"b\"\\\nc"} 1"#))
    }

    /// A status code, an error, an image name from outside must not become a label value without end.
    @Test func codesOfAnswersAreFew() {
        let answers = (100..<600).map { Result<Int, HTTPError>.success($0) }
        let errors = HTTPError.Code.allCases.map {
            Result<Int, HTTPError>.failure(HTTPError(operation: "GET", code: $0))
        }
        #expect(Set((answers + errors).map(\.codeForMetrics)).count <= 26)
        #expect(Result<Int, HTTPError>.success(418).codeForMetrics == "4xx")
    }
}
