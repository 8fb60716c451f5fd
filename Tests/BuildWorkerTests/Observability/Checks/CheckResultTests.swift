import Testing

@testable import BuildWorker

@Suite struct CheckResultTests {
    private let thresholds = Thresholds(warning: AlertRange(above: 5), critical: AlertRange(above: 9))

    @Test func theExitCodesAreThoseOfPlugins() {
        #expect(
            CheckStatus.allCases.map { "\($0.rawValue) \($0.exitCode)" } == [
                "OK 0", "WARNING 1", "UNKNOWN 3", "CRITICAL 2",
            ])
        #expect(CheckStatus.allCases.sorted() == [.ok, .warning, .unknown, .critical])
    }

    @Test func aGoodLineIsItsSummary() {
        var result = CheckResult(summary: "all is well")
        result.measure(CheckFigure("depth", 3, .count, self.thresholds), "3 waiting")
        result.add(.ok, "not said")
        #expect(result.line == "OK - all is well | depth=3;5;9;0")
    }

    @Test func theWorstComesFirst() {
        var result = CheckResult(summary: "all is well")
        result.add(.warning, "first")
        result.add(.unknown, "second")
        result.measure(CheckFigure("oldest age", 9.5, .seconds, self.thresholds), "the oldest is 9.5 s old")
        result.add(.warning, "first")
        #expect(result.status == .critical)
        #expect(result.line == "CRITICAL - the oldest is 9.5 s old (9); second; first | 'oldest age'=9.5s;5;9;0")
    }

    @Test func whatIsNotKnownIsU() {
        var result = CheckResult(summary: "fine")
        result.measure(CheckFigure("depth", nil, .count, self.thresholds), "unused")
        #expect(result.line == "OK - fine | depth=U")
    }

    /// A line break would end the line, a bar would begin the figures, and a token belongs to nobody who is paged.
    @Test func theTextCannotBreakTheLine() {
        let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
        let result = CheckResult(.critical, "one\ntwo | three=3 \(token)\u{1B}[31m")
        #expect(result.line == "CRITICAL - one two / three=3 <redacted> [31m")
        #expect(CheckFigure("it's=|\n", 1).description == "it_s___=1;;;0")
        #expect(CheckResult(.warning, String(repeating: "x", count: 5000)).line.count < 1100)
    }
}
