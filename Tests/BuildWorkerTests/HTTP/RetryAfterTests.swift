import Foundation
import Testing

@testable import BuildWorker
@testable import Clients

@Suite struct RetryAfterTests {
    /// Sat, 28 Nov 2026 12:00:00 GMT
    private static let now = Date(timeIntervalSince1970: 1_795_867_200)

    @Test(arguments: [
        ("0", Duration.zero), ("1", .seconds(1)), (" 30\t", .seconds(30)), ("007", .seconds(7)),
        ("1.5", .milliseconds(1500)), ("300", .seconds(300)),
        ("301", .seconds(300)), ("86400", .seconds(300)), ("99999999999999999999999999", .seconds(300)),
        ("Sat, 28 Nov 2026 12:00:20 GMT", .seconds(20)), ("Sat, 28 Nov 2026 12:00:00 GMT", .zero),
        ("Fri, 27 Nov 2026 12:00:20 GMT", .zero),
        ("Sun, 28 Nov 2027 12:00:00 GMT", .seconds(300)), ("Thu, 01 Jan 1970 00:00:00 GMT", .zero),
    ])
    func isSecondsOrADate(text: String, expected: Duration) {
        #expect(
            HTTPResponse(status: 503, headers: ["retry-after": text], body: []).retryAfter(now: Self.now) == expected)
    }

    @Test(arguments: [
        "", " ", "-1", "+1", "soon", "1 s", "1,5", "1, 2", "inf", "nan", "0x10", "1e3", "1.2.3", ".", "٣",
        "Sat, 28 Nov 2026", "28 Nov 2026 12:00:20 GMT",
        "2026-11-28T12:00:20Z", "Sat, 31 Feb 2026 12:00:20 GMT", "Sat, 28 Nov 2026 12:00:20 CET",
    ])
    func anythingElseSaysNothing(text: String) {
        #expect(HTTPResponse(status: 503, headers: ["Retry-After": text], body: []).retryAfter(now: Self.now) == nil)
    }

    @Test func withoutTheHeaderNothingIsSaid() { #expect(HTTPResponse(status: 429, body: []).retryAfter() == nil) }

    @Test func bothDriversCarryIt() {
        let response = HTTPResponse(status: 429, headers: ["Retry-After": "7"], body: [])
        #expect(KubernetesError("get pod", response, hiding: []).retryAfter == .seconds(7))
        #expect(BuildAPIError("update build 1", response, nil, token: nil).retryAfter == .seconds(7))
    }
}
