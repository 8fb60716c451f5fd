import Foundation
import Glibc

/// Cuts one connection's bytes into requests.
struct StubServerReader {
    let connection: Int32
    let number: Int
    private var buffer = Data()
    private var chunk = [UInt8](repeating: 0, count: 65536)
    private var count = 0

    init(connection: Int32, number: Int) { (self.connection, self.number) = (connection, number) }

    mutating func next() -> StubServer.Request? {
        let separator = Data("\r\n\r\n".utf8)
        while self.buffer.range(of: separator) == nil { guard self.more() else { return nil } }
        guard let end = self.buffer.range(of: separator) else { return nil }
        let lines = String(decoding: self.buffer[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while self.buffer.distance(from: end.upperBound, to: self.buffer.endIndex) < length {
            guard self.more() else { return nil }
        }
        let bodyEnd = self.buffer.index(end.upperBound, offsetBy: length)
        let body = String(decoding: self.buffer[end.upperBound..<bodyEnd], as: UTF8.self)
        self.buffer = Data(self.buffer[bodyEnd...])
        self.count += 1
        return StubServer.Request(
            method: String(words[0]), target: String(words[1]), headers: headers, body: body, connection: self.number,
            number: self.count)
    }

    mutating func waitForEnd() { while self.more() {} }

    private mutating func more() -> Bool {
        let count = Glibc.read(self.connection, &self.chunk, self.chunk.count)
        if count > 0 { self.buffer.append(contentsOf: self.chunk[0..<count]) }
        return count > 0
    }
}
