import Testing

@testable import BuildWorker
@testable import Support

@Suite struct StatusTextTests {
    private func lines(_ document: JSONValue, colours: Bool = false, limit: Int = .max) -> [String] {
        StatusText(document, colours: colours, limit: limit).text.split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
    }

    @Test func theVerdictAndTheProblemsComeFirst() throws {
        let lines = self.lines(try StatusFixture.document())
        #expect(lines[0] == "build-worker 1.0.0 on worker-7d9f8c-x2x4q: NOT READY")
        #expect(lines[1] == "pid 17, up 1 d 5 h, 41.4 MB, as of 2026-11-21T11:31:46.004Z")
        #expect(lines[3].hasPrefix("  ! the Kubernetes API unavailable; consumption paused"))
        #expect(lines[4].contains("'worker parked list'"))
        #expect(lines[5].contains("'worker spool list --kind command'"))
    }

    @Test(arguments: [
        (true, false, true, "READY"), (true, true, false, "DRAINING"), (false, false, false, "STUCK"),
        (false, false, true, "STUCK"),
    ])
    func theGravestIsSaid(_ live: Bool, _ draining: Bool, _ ready: Bool, _ word: String) throws {
        var document = try StatusFixture.document()
        document["live"] = .bool(live)
        document["draining"] = .bool(draining)
        document["ready"] = .bool(ready)
        #expect(self.lines(document)[0].hasSuffix(": \(word)"))
    }

    @Test func buildsAreShownWithAgeAndStep() throws {
        let lines = self.lines(try StatusFixture.document())
        #expect(lines.contains("In flight: 8 unacked, the oldest for 4 min 01 s"))
        let build = try #require(lines.first { $0.contains("8609200") })
        for value in ["51002", "start", "report the failure", "3 min 58 s", "4 min 01 s", "builds"] {
            #expect(build.contains(value))
        }
        #expect(lines.contains { $0.contains("not readable") && $0.contains("park the message") })
        #expect(lines.contains("Waiting: 34, with 29 init timers, 0 of them kept here"))
        #expect(lines.contains { $0.contains("worker reports show 9f20c1aa07d3") })
    }

    @Test func columnsAreAligned() throws {
        let lines = self.lines(try StatusFixture.document())
        let start = try #require(lines.firstIndex { $0.hasPrefix("Queues") })
        let table = lines[(start + 1)...(start + 7)]
        let ends = table.map { line in
            line.firstRange(of: /(?:READY| \d[\d]*)(?= +(?:CONSUMERS|\d))/).map {
                line.distance(from: line.startIndex, to: $0.upperBound)
            }
        }
        #expect(ends.first ?? nil != nil)
        #expect(Set(ends).count == 1, "numbers end under the end of their title: \(ends)")
        #expect(!lines.contains { $0.hasSuffix(" ") })
    }

    /// What the document says cannot move the cursor, hide text or end a line.
    @Test func valuesCannotDriveTheTerminal() throws {
        var document = try StatusFixture.document()
        document["problems"] = ["\u{1B}[2Jgone\u{7}\nREADY\u{202E}"]
        let text = StatusText(document, colours: false).text
        #expect(!text.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{7}" || $0 == "\u{202E}" })
        #expect(text.contains("  !  [2Jgone  READY"))
    }

    @Test func coloursAreOnlyWhereThereAreColours() throws {
        let document = try StatusFixture.document()
        #expect(!self.lines(document).joined().contains("\u{1B}"))
        #expect(self.lines(document, colours: true)[0].contains("\u{1B}[1;31mNOT READY\u{1B}[0m"))
    }

    @Test func longTablesAreCutWhereAsked() throws {
        let document = try StatusFixture.document()
        #expect(self.lines(document, limit: 10).contains("  … and 24 more"))
        #expect(!self.lines(document).contains { $0.contains("more") && $0.contains("…") })
    }

    /// A document of another version may lack what this one shows.
    @Test func whatIsNotThereIsADash() {
        let lines = self.lines([
            "live": true, "ready": true, "product": "build-worker",
            "connections": [["role": "consume", "connected": true]],
        ])
        #expect(lines[0] == "build-worker - on -: READY")
        #expect(
            lines.contains {
                $0.contains("RabbitMQ, to consume") && $0.contains("connected") && $0.contains("last loop - ago")
            })
    }
}
