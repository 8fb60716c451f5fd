internal import Foundation
internal import Support

/// A response with any status.
package struct HTTPResponse: Sendable {
    package let status: Int
    /// By name, in the server's spelling.
    private let headers: [String: String]
    package let body: [UInt8]

    package init(status: Int, headers: [String: String] = [:], body: [UInt8]) {
        (self.status, self.headers, self.body) = (status, headers, body)
    }

    /// - Parameter name: case-insensitive.
    /// - Returns: its value; values of a repeated header are joined with commas.
    package func header(_ name: String) -> String? {
        self.headers[name] ?? self.headers.first { $0.key.lowercased() == name.lowercased() }?.value
    }

    /// The maximum honored ``retryAfter(now:)``.
    static let longestRetryAfter = Duration.seconds(300)

    /// The delay requested by `Retry-After` (RFC 9110 section 10.2.3), at most ``longestRetryAfter``; dates from `now`.
    func retryAfter(now: Date = Date()) -> Duration? {
        guard let text = self.header("Retry-After")?.trimmed else { return nil }
        // Fractions are not in the RFC but occur in practice; `inf`, `0x1` and `1e9` are rejected.
        if text.allSatisfy({ $0.isASCII && $0.isNumber || $0 == "." }), let seconds = Double(text) {
            return min(.seconds(min(seconds, 1e6)), Self.longestRetryAfter)
        }
        guard let date = try? Date(text, strategy: Self.httpDate) else { return nil }
        return min(max(.zero, .seconds(date.timeIntervalSince(now))), Self.longestRetryAfter)
    }

    private static let httpDate = Date.ParseStrategy(
        format:
            "\(weekday: .abbreviated), \(day: .twoDigits) \(month: .abbreviated) \(year: .padded(4)) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits) GMT",
        locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt, isLenient: false)
}
