internal import Support
internal import Workflow

/// Parses the head of a response, line by line. libcurl is lenient: it accepts a truncated head as complete, and
/// invalid lengths. A client that acts on responses must be strict.
struct HTTPHead: Sendable {
    private enum State {
        /// → `headers`
        case statusLine
        /// → `statusLine` (after an interim response), `whole`
        case headers
        /// Whatever follows are trailers, which are ignored.
        case whole
    }

    package enum Problem: Error { case notHTTP, tooLarge }

    private var state = State.statusLine
    private(set) var status = 0
    private var lines: [[UInt8]] = []
    private var length: Int?

    var isWhole: Bool { if case .whole = self.state { true } else { false } }

    /// - Parameters:
    ///   - line: with its line ending.
    ///   - limit: maximum Content-Length.
    mutating func receive(_ line: UnsafeRawBufferPointer, limit: Int) throws(Problem) {
        var end = line.count
        while end > 0, line[end - 1] == UInt8(ascii: "\n") || line[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        let content = UnsafeRawBufferPointer(rebasing: line[..<end])
        switch self.state {
        case .whole: return
        case .statusLine:
            guard let status = Self.status(content) else { throw .notHTTP }
            (self.state, self.status, self.lines, self.length) = (.headers, status, [], nil)
        case .headers where content.isEmpty:
            // Of the interim responses only "switching protocols" is final.
            self.state = self.status < 200 && self.status != 101 ? .statusLine : .whole
        case .headers:
            try self.check(content, limit)
            if Self.isRead(content) { self.lines.append([UInt8](content)) }
        }
    }

    /// `HTTP/1.1 200 …`, `HTTP/2 200`.
    private static func status(_ line: UnsafeRawBufferPointer) -> Int? {
        func digit(_ index: Int) -> Int? {
            guard index < line.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = line[index] else { return nil }
            return Int(line[index] - UInt8(ascii: "0"))
        }
        guard line.starts(with: "HTTP/".utf8), digit(5) != nil else { return nil }
        var index = 6
        if index < line.count, line[index] == UInt8(ascii: ".") {
            guard digit(index + 1) != nil else { return nil }
            index += 2
        }
        guard index < line.count, line[index] == UInt8(ascii: " "), let hundreds = digit(index + 1),
            let tens = digit(index + 2), let ones = digit(index + 3),
            hundreds > 0, digit(index + 4) == nil
        else { return nil }
        return hundreds * 100 + tens * 10 + ones
    }

    /// Requires a single, numeric Content-Length.
    private mutating func check(_ line: UnsafeRawBufferPointer, _ limit: Int) throws(Problem) {
        let name = "content-length"
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon == name.utf8.count,
            zip(line, name.utf8).allSatisfy({ $0 | 0x20 == $1 })
        else { return }
        for text in String(decoding: line[(colon + 1)...], as: UTF8.self).split(
            separator: ",", omittingEmptySubsequences: false
        ).map({ String($0).trimmed }) {
            guard !text.isEmpty, text.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) else {
                throw .notHTTP
            }
            guard let length = Int(text), length <= limit else { throw .tooLarge }
            guard self.length == nil || self.length == length else { throw .notHTTP }
            self.length = length
        }
    }

    /// Headers that are used; others are only counted.
    private static let read = ["content-type", "retry-after", "location", "www-authenticate"]

    private static func isRead(_ line: UnsafeRawBufferPointer) -> Bool {
        Self.read.contains { name in
            line.count > name.utf8.count && line[name.utf8.count] == UInt8(ascii: ":")
                && zip(line, name.utf8).allSatisfy { $0 | 0x20 == $1 }
        }
    }

    /// By name; values of repeated headers are joined with commas. Invalid UTF-8 is replaced.
    var headers: [String: String] {
        var headers: [String: String] = [:]
        for line in self.lines {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let (name, value) = (
                String(decoding: line[..<colon], as: UTF8.self),
                String(decoding: line[(colon + 1)...], as: UTF8.self).trimmed
            )
            headers[name] = headers[name].map { "\($0), \(value)" } ?? value
        }
        return headers
    }
}
