import Foundation
import Logging
import Testing

@testable import BuildWorker

@Suite struct LogHandlerTests {
    private func logged(_ format: WorkerLogHandler.Format, _ body: (Logger) -> Void) throws -> String {
        let pipe = Pipe()
        let output = LogOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        body(Logger(label: "test") { _ in WorkerLogHandler(format: format, level: .info, output: output) })
        try pipe.fileHandleForWriting.close()
        return String(decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    }

    @Test func aLineIsAnObjectInAFixedOrder() throws {
        let text = try self.logged(.json) {
            $0.info("processing\n\"it\"", metadata: ["zebra": "1", "buildId": .stringConvertible(4711), "attempt": .stringConvertible(0), "jobId": "007"])
        }
        #expect(text.count { $0 == "\n" } == 1)
        let line = try JSONValue(parsing: text.trimmingCharacters(in: .newlines))
        #expect(line.members?.map(\.name) == ["timestamp", "level", "message", "buildId", "jobId", "attempt", "zebra"])
        #expect(line["message"] == "processing\n\"it\"")
        #expect(line["buildId"] == 4711)
        #expect(line["jobId"] == "007", "an id keeps its zeros")
        #expect(line["timestamp"]?.string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    }

    @Test func metadataDoesNotHideTheSentence() throws {
        let line = try JSONValue(parsing: try self.logged(.json) { $0.info("what happened", metadata: ["message": "an id", "level": "3"]) })
        #expect(line.members?.map(\.name) == ["timestamp", "level", "message", "_level", "_message"])
        #expect(line["message"] == "what happened")
    }

    @Test func textIsALineToo() throws {
        let text = try self.logged(.text) { $0.warning("two\nlines", metadata: ["queue": "builds"]) }
        #expect(text.count { $0 == "\n" } == 1)
        #expect(text.contains("WARNING  two\\nlines queue=builds"))
    }

    @Test func levelsBelowAreLeftOut() throws {
        #expect(try self.logged(.json) { $0.debug("not this") }.isEmpty)
    }

    @Test func secretsPrintAsRedacted() throws {
        let text = try self.logged(.json) { $0.info("\(Secret("s3cret"))", metadata: ["token": "\(Secret("s3cret"))"]) }
        #expect(!text.contains("s3cret"))
        #expect(text.contains("<redacted>"))
    }

    @Test(arguments: [(0, 0, "1970-01-01T00:00:00.000Z"), (1_795_231_478, 602, "2026-11-21T03:24:38.602Z"), (951_782_400, 7, "2000-02-29T00:00:00.007Z")])
    func timesAreISO8601(seconds: Int, milliseconds: Int, text: String) {
        #expect(Timestamp(secondsSince1970: seconds, milliseconds: milliseconds).text == text)
    }
}
