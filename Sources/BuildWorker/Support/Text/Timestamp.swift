internal import Glibc

/// An RFC 3339 instant in UTC with milliseconds, like JavaScript's `toISOString`; faster than date formatters.
package struct Timestamp: Sendable, Hashable {
    package let secondsSince1970: Int
    package let milliseconds: Int

    package init(secondsSince1970: Int, milliseconds: Int) {
        (self.secondsSince1970, self.milliseconds) = (secondsSince1970, milliseconds)
    }

    package static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(secondsSince1970: time.tv_sec, milliseconds: time.tv_nsec / 1_000_000)
    }

    package var millisecondsSince1970: Int { self.secondsSince1970 * 1000 + self.milliseconds }

    package var text: String {
        var seconds = time_t(self.secondsSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func digits(_ value: Int32, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        return "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
            + "T\(digits(parts.tm_hour, 2)):\(digits(parts.tm_min, 2)):\(digits(parts.tm_sec, 2)).\(digits(Int32(self.milliseconds), 3))Z"
    }
}
