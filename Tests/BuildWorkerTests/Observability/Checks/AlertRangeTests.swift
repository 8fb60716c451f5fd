import Testing

@testable import BuildWorker

@Suite struct AlertRangeTests {
    /// The examples of the plugin guidelines, at and around their ends.
    @Test(
        arguments: [
            ("10", [-0.1, 10.1], [0, 5, 10]),
            ("10:", [9.9, -1], [10, 11, 1e9]),
            ("~:10", [10.1], [10, 0, -1e9]),
            ("10:20", [9.9, 20.1], [10, 20]),
            ("@10:20", [10, 15, 20], [9.9, 20.1]),
            ("@0", [0], [-1, 1]),
            ("0", [1, -1], [0]),
            ("-5:-1", [-6, 0], [-5, -1]),
            ("~:", [], [-1e9, 0, 1e9]),
            ("0.5", [0.6], [0.5]),
        ] as [(String, [Double], [Double])])
    func alerts(text: String, on: [Double], not: [Double]) throws {
        let range = try #require(AlertRange(text))
        for value in on { #expect(range.alerts(value), "\(value)") }
        for value in not { #expect(!range.alerts(value), "\(value)") }
        #expect(range.description == text)
    }

    @Test(arguments: ["", ":", ":10", "@", "ten", "20:10", "1:2:3", "nan", "inf", "0x10", "1e3", "~", "10 ", "-1"])
    func isNoRange(text: String) { #expect(AlertRange(text) == nil) }

    @Test func criticalComesBeforeWarning() {
        let thresholds = Thresholds(warning: AlertRange(above: 50), critical: AlertRange(above: 100))
        #expect([50, 51, 100, 101].map { thresholds.status(of: $0) } == [.ok, .warning, .warning, .critical])
        #expect(Thresholds.none.status(of: 1e9) == .ok)
    }
}
