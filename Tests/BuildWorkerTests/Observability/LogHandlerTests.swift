import Foundation
import Logging
import Testing

@testable import BuildWorker
@testable import Support
@testable import Workflow

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
            $0.info(
                "processing\n\"it\"",
                metadata: [
                    "zebra": "1", "buildId": .stringConvertible(4711), "attempt": .stringConvertible(0), "jobId": "007",
                ])
        }
        #expect(text.count { $0 == "\n" } == 1)
        let line = try JSONValue(parsing: text.trimmingCharacters(in: .newlines))
        #expect(line.members?.map(\.name) == ["timestamp", "level", "message", "buildId", "jobId", "attempt", "zebra"])
        #expect(line["message"] == "processing\n\"it\"")
        #expect(line["buildId"] == 4711)
        #expect(line["jobId"] == "007", "an id keeps its zeros")
        #expect(line["timestamp"]?.string?.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    }

    /// A field has one type for all time: what was given as a text is one, also where it looks like a number.
    @Test(
        arguments: [
            (.string("0174653098124433"), "\"0174653098124433\""),
            (.string("9174653098124433"), "\"9174653098124433\""), (.string("47"), "\"47\""),
            (.string("-1"), "\"-1\""), (.string("1e5"), "\"1e5\""), (.string("true"), "\"true\""),
            (.string(""), "\"\""),
            (.stringConvertible(47), "47"), (.stringConvertible(-1), "-1"),
            (.stringConvertible(Int.max), "9223372036854775807"),
            (.stringConvertible(UInt8(7)), "7"), (.stringConvertible(UInt64.max), "18446744073709551615"),
            (.stringConvertible(0.25), "0.25"),
            (.stringConvertible(1e300), "1e+300"), (.stringConvertible(Double.infinity), "\"inf\""),
            (.stringConvertible(Double.nan), "\"nan\""),
            (.stringConvertible(BuildID(rawValue: 3)), "\"3\""), (.array(["1", .stringConvertible(1)]), "[\"1\",1]"),
            (.dictionary(["a": "1", "b": .stringConvertible(1)]), "{\"a\":\"1\",\"b\":1}"),
        ] as [(Logger.MetadataValue, String)])
    func metadataKeepsItsType(_ value: Logger.MetadataValue, _ json: String) throws {
        let text = try self.logged(.json) { $0.info("x", metadata: ["value": value]) }
        #expect(text.hasSuffix("\"value\":\(json)}\n"), "\(text)")
    }

    @Test func metadataDoesNotHideTheSentence() throws {
        let line = try JSONValue(
            parsing: try self.logged(.json) { $0.info("what happened", metadata: ["message": "an id", "level": "3"]) })
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

    /// Who logs does not wait for who reads: what a pipe does not take waits, and what is too much for that is dropped whole and counted.
    @Test func aReaderThatIsBehindHoldsNobodyUp() async throws {
        let pipe = Pipe()
        let output = LogOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let logger = Logger(label: "test") { _ in WorkerLogHandler(format: .json, level: .info, output: output) }
        let before = LogOutput.droppedLines
        let filler = String(repeating: "x", count: 1000)
        for number in 1...8000 {
            logger.info("line", metadata: ["number": .stringConvertible(number), "filler": "\(filler)"])
        }
        // Beyond the 64 KB that the pipe holds a writer waits, and still nobody here has.
        let dropped = LogOutput.droppedLines - before
        #expect(dropped > 1000 && dropped < 7000, "8 MB were logged, and 4 are kept")
        // On a thread of its own: tasks have as few as there are processors.
        let reading = Task { try await OwnThread.run { try pipe.fileHandleForReading.readToEnd() ?? Data() } }
        await output.flush(within: .seconds(60))
        try pipe.fileHandleForWriting.close()
        let lines = try await reading.value.split(separator: 0x0A).map { try JSONValue(parsing: $0) }
        #expect(lines.count == 8000 - dropped)
        #expect(
            lines.compactMap { $0["number"]?.integer } == (1...lines.count).map { $0 }, "in their order, each whole")
    }

    /// A line that is longer than a pipe takes in one piece stays whole among those of others.
    @Test func longLinesDoNotMix() async throws {
        let pipe = Pipe()
        let output = LogOutput(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let logger = Logger(label: "test") { _ in WorkerLogHandler(format: .json, level: .info, output: output) }
        // On a thread of its own: tasks have as few as there are processors.
        let reading = Task { try await OwnThread.run { try pipe.fileHandleForReading.readToEnd() ?? Data() } }
        await withTaskGroup { group in
            for task in 1...8 {
                group.addTask {
                    for _ in 1...50 {
                        logger.info(
                            "line",
                            metadata: [
                                "text": "\(String(repeating: String(task), count: task % 2 == 0 ? 100 : 30_000))"
                            ])
                    }
                }
            }
        }
        await output.flush(within: .seconds(60))
        try pipe.fileHandleForWriting.close()
        let texts = try await reading.value.split(separator: 0x0A).map {
            try JSONValue(parsing: $0)["text"]?.scalarText ?? ""
        }
        #expect(texts.count == 400)
        #expect(texts.allSatisfy { Set($0).count == 1 })
    }

    @Test(arguments: [
        (0, 0, "1970-01-01T00:00:00.000Z"), (1_795_231_478, 602, "2026-11-21T03:24:38.602Z"),
        (951_782_400, 7, "2000-02-29T00:00:00.007Z"),
    ])
    func timesAreISO8601(seconds: Int, milliseconds: Int, text: String) {
        #expect(Timestamp(secondsSince1970: seconds, milliseconds: milliseconds).text == text)
    }
}
