import Testing

@testable import BuildWorker
@testable import Clients

/// No answer is more than the outcome of its own request. Each is said by a server of its own, and all are heard by one transport.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RawAnswerTests {
    static let transport = HTTPTransport()
    /// Never stopped: its connections are kept.
    static let healthy: Result<RawServer, any Error> = Result {
        try RawServer(threads: 64) { _ in [.send(RawAnswers.plain)] }
    }
    /// How late an outcome may be on a busy machine.
    static let margin = Duration.seconds(20)

    private static func outcome(
        _ url: String, _ method: String = "GET", by transport: HTTPTransport = Self.transport, body: [UInt8]? = nil,
        deadline: Duration = .seconds(20)
    ) async -> Result<HTTPResponse, HTTPError> {
        let body = body ?? (method == "GET" ? nil : Array("{}".utf8))
        do throws(HTTPError) {
            return .success(
                try await transport.send(HTTPRequest(method: method, url: "\(url)/x", body: body), deadline: deadline))
        } catch { return .failure(error) }
    }

    /// What is wrong with what became of a row, if anything.
    private static func complaint(
        about row: RawAnswer, saying steps: [RawServer.Step], to method: String, by transport: HTTPTransport
    ) async throws -> String? {
        let server = try RawServer { _ in steps }
        defer { server.stop() }
        let begin = ContinuousClock.now
        let outcome = await Self.outcome(server.url, method, by: transport, deadline: row.deadline)
        let took = ContinuousClock.now - begin
        if let complaint = row.complaint(about: outcome) { return complaint }
        return took < row.deadline + Self.margin ? nil : "after \(took), of \(row.deadline)"
    }

    private static func limited(to limits: HTTPLimits) -> HTTPTransport {
        var options = HTTPOptions()
        options.limits = limits
        return HTTPTransport(options)
    }

    private static func checkHealth() async throws {
        let response = try await Self.outcome(Self.healthy.get().url).get()
        #expect(response.status == 200)
        #expect(response.body == RawAnswers.utf8(RawAnswers.json))
    }

    // MARK: - The table

    @Test func theTableIsOne() {
        #expect(RawAnswers.all.count > 250)
        #expect(RawAnswers.short.count > 200)
        #expect(Set(RawAnswers.all.map(\.name)).count == RawAnswers.all.count, "a name that stands for two")
    }

    @Test(arguments: RawAnswers.all) func anAnswerInOnePieceIsTakenOrRefused(row: RawAnswer) async throws {
        let complaint = try await Self.complaint(about: row, saying: row.steps, to: "GET", by: Self.transport)
        #expect(complaint == nil)
        try await Self.checkHealth()
    }

    @Test(arguments: RawAnswers.short) func anAnswerByteByByteIsTheSame(row: RawAnswer) async throws {
        let complaint = try await Self.complaint(
            about: row, saying: row.stepsByteByByte, to: "POST", by: Self.transport)
        #expect(complaint == nil)
        try await Self.checkHealth()
    }

    @Test func allAnswersAtOnceAreTheSameAndLeaveNoConnectionBehind() async throws {
        let transport = HTTPTransport()
        let healthy = try RawServer(threads: 64) { _ in [.send(RawAnswers.plain)] }
        defer { healthy.stop() }
        await withTaskGroup(of: Void.self) { group in
            for (index, row) in RawAnswers.all.enumerated() {
                if index >= 32 { _ = await group.next() }
                group.addTask {
                    do {
                        let complaint = try await Self.complaint(
                            about: row, saying: row.steps, to: "PUT", by: transport)
                        #expect(complaint == nil, "\(row)")
                        #expect(try await Self.outcome(healthy.url, by: transport).get().status == 200, "after \(row)")
                    } catch { Issue.record("\(row): \(error)") }
                }
            }
        }
        // Connections that their servers closed are noticed when there is something to do.
        let isTidy = try await holdsSoon {
            _ = try await Self.outcome(healthy.url, by: transport).get()
            return transport.connections.open <= healthy.open
        }
        #expect(isTidy, "\(transport.connections.open) open, \(healthy.open) of them to the healthy server")
    }

    // MARK: - Every place in an answer

    enum Kept: CaseIterable {
        case withLength, inChunks

        var bytes: [UInt8] {
            switch self {
            case .withLength: RawAnswers.plain
            case .inChunks: RawAnswers.chunkedWithTrailer
            }
        }
    }

    @Test(arguments: Kept.allCases, [true, false]) func anAnswerThatBreaksOffAnywhereIsAnError(
        kept: Kept, byReset: Bool
    ) async throws {
        let answer = kept.bytes
        for place in 0...answer.count {
            let server = try RawServer { _ in [.send(Array(answer[..<place])), byReset ? .reset : .close] }
            defer { server.stop() }
            let outcome = await Self.outcome(server.url)
            switch outcome {
            case .success(let response):
                // libcurl does not wait for the very last line feed of chunks.
                #expect(
                    place >= answer.count - (kept == .inChunks ? 1 : 0), "taken after \(place) of \(answer.count) bytes"
                )
                #expect(response.status == 200 && response.body == RawAnswers.utf8(RawAnswers.json))
            case .failure(let error):
                #expect(byReset || place < answer.count, "refused although whole: \(error)")
                #expect(RawAnswer.broken.contains(error.code), "after \(place) bytes: \(error)")
            }
        }
        try await Self.checkHealth()
    }

    @Test(arguments: Kept.allCases) func anAnswerMayBeCutInTwoAnywhere(kept: Kept) async throws {
        let answer = kept.bytes
        let server = try RawServer { request in
            // The connection is kept, so its requests count through.
            let place = min(request.number, answer.count - 1)
            return [.send(Array(answer[..<place])), .yield, .send(Array(answer[place...]))]
        }
        defer { server.stop() }
        for place in 1..<answer.count {
            let response = try await Self.outcome(server.url).get()
            #expect(response.status == 200 && response.body == RawAnswers.utf8(RawAnswers.json), "cut at \(place)")
        }
        #expect(server.accepted == 1, "a whole answer is no reason for a new connection")
    }

    // MARK: - Time

    static let endless: [[RawServer.Step]] = [
        [.hold],
        [.send(RawAnswers.utf8("\(RawAnswers.ok)\(RawAnswers.length)\r\n")), .hold],
        [.send(RawAnswers.utf8("\(RawAnswers.ok)\r\n")), .sendForEver([0x61], pauseMilliseconds: 50)],
        [.send(RawAnswers.utf8(RawAnswers.ok)), .sendForEver(RawAnswers.utf8("X-A: 1\r\n"), pauseMilliseconds: 50)],
        [
            .send(RawAnswers.utf8("\(RawAnswers.ok)\(RawAnswers.chunked)")),
            .sendForEver(RawAnswers.utf8("1\r\na\r\n"), pauseMilliseconds: 50),
        ],
        [.sendForEver(RawAnswers.utf8("HTTP/1.1 102 X\r\n\r\n"), pauseMilliseconds: 50)],
    ]

    @Test(arguments: RawAnswerTests.endless)
    func aServerThatNeverEndsIsGivenUpAtTheDeadline(steps: [RawServer.Step]) async throws {
        let server = try RawServer { _ in steps }
        defer { server.stop() }
        let begin = ContinuousClock.now
        let outcome = await Self.outcome(server.url, deadline: .milliseconds(300))
        let took = ContinuousClock.now - begin
        guard case .failure(let error) = outcome else {
            Issue.record("answered")
            return
        }
        #expect(error.code == .timedOut)
        #expect(took >= .milliseconds(290) && took < .seconds(10), "\(took)")
        #expect(try await holdsSoon { server.open == 0 }, "its connection is kept")
        try await Self.checkHealth()
    }

    @Test func anAnswerThatTricklesInBeforeTheDeadlineIsTaken() async throws {
        let server = try RawServer { _ in
            RawAnswers.plain.chunked(into: 20).flatMap { [RawServer.Step.send($0), .pause(milliseconds: 10)] }
        }
        defer { server.stop() }
        #expect(try await Self.outcome(server.url).get().status == 200)
    }

    // MARK: - More than one answer

    /// What a server says without being asked must not become the answer to the next question. Said late, it may be there only when the next
    /// question is out already; then nobody can tell, but nothing hangs.
    @Test(
        arguments: [
            "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", "garbage", "\r\n\r\n",
            "HTTP/1.1 408 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        ],
        [true, false])
    func whatFollowsAnAnswerIsNotTheNextOne(unasked: String, inOnePacket: Bool) async throws {
        let server = try RawServer(threads: 8) { request in
            let body = "\(request.connection)/\(request.number)"
            let answer = RawAnswers.utf8("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            if inOnePacket { return [.send(RawAnswers.joined(answer, RawAnswers.utf8(unasked)))] }
            return [.send(answer), .yield, .send(RawAnswers.utf8(unasked))]
        }
        defer { server.stop() }
        for _ in 1...20 {
            switch await Self.outcome(server.url) {
            case .success(let response): #expect(response.status == 200 || !inOnePacket, "somebody else's answer")
            case .failure(let error): #expect(RawAnswer.broken.contains(error.code) && !inOnePacket, "\(error)")
            }
        }
        try await Self.checkHealth()
    }

    @Test func aKeptConnectionSaysThatItIsOne() async throws {
        let transport = HTTPTransport()
        let server = try RawServer { _ in [.send(RawAnswers.chunkedWithTrailer)] }
        defer { server.stop() }
        for _ in 1...5 { _ = try await Self.outcome(server.url, by: transport).get() }
        #expect(server.accepted == 1)
        #expect(transport.connections.open == 1)
        #expect(transport.connections.opened == 1)
        #expect(transport.connections.reused == 4)
    }

    // MARK: - Answers that do not wait for the question

    @Test(arguments: RawAnswers.foreign, [RawServer.Step.close, .reset])
    func aPeerThatSpeaksFirstIsAnErrorOfOneRequest(row: RawAnswer, end: RawServer.Step) async throws {
        let server = try RawServer(
            speakingFirst: row.steps.filter { if case .send = $0 { true } else { false } } + [end])
        defer { server.stop() }
        for method in ["GET", "POST"] {
            guard case .failure(let error) = await Self.outcome(server.url, method) else {
                Issue.record("\(method) was answered")
                continue
            }
            // Reset before anybody could see that it was made, a connection could not be made.
            #expect(
                RawAnswer.broken.contains(error.code) || end.isReset && error.code == .connectionRefused,
                "\(method): \(error)")
        }
        try await Self.checkHealth()
    }

    /// As a gateway does with a body that it finds too long: the client is still sending. It may see the answer, or the connection go.
    @Test(arguments: [RawServer.Step.close, .reset, .hold]) func anAnswerMayComeBeforeTheQuestionIsOver(
        end: RawServer.Step
    ) async throws {
        let answer = RawAnswers.utf8("HTTP/1.1 413 Payload Too Large\r\nConnection: close\r\n\(RawAnswers.rest)")
        let server = try RawServer(speakingFirst: [.send(answer), end])
        defer { server.stop() }
        for size in [2, 100_000, 8 << 20] {
            switch await Self.outcome(server.url, "POST", body: [UInt8](repeating: 0x20, count: size)) {
            case .success(let response): #expect(response.status == 413)
            case .failure(let error):
                #expect(
                    RawAnswer.broken.contains(error.code) || end.isReset && error.code == .connectionRefused,
                    "\(size) bytes: \(error)")
            }
        }
        try await Self.checkHealth()
    }

    // MARK: - Limits and addresses

    @Test(arguments: [
        "Content-Length: SIZE\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nHEX\r\n", "Connection: close\r\n\r\n",
    ])
    func aBodyIsTakenUpToTheLimitAndNotBeyond(head: String) async throws {
        let transport = Self.limited(to: HTTPLimits(bodyBytes: 1000, headerBytes: 2000))
        for size in [999, 1000, 1001, 5000] {
            let hex = String(size, radix: 16)
            let start = "\(RawAnswers.ok)\(head.replacing("SIZE", with: "\(size)").replacing("HEX", with: hex))"
            let end = head.contains("HEX") ? "\r\n0\r\n\r\n" : ""
            let answer = RawAnswers.utf8("\(start)\(String(repeating: "b", count: size))\(end)")
            let server = try RawServer { _ in [.send(answer), .close] }
            defer { server.stop() }
            switch await Self.outcome(server.url, by: transport) {
            case .success(let response): #expect(size <= 1000 && response.body.count == size)
            case .failure(let error): #expect(size > 1000 && error.code == .tooLarge, "\(size): \(error)")
            }
        }
    }

    @Test func headersAreTakenUpToTheLimitAndNotBeyond() async throws {
        let transport = Self.limited(to: HTTPLimits(bodyBytes: 1000, headerBytes: 2000))
        for (count, isTaken) in [(10, true), (150, true), (250, false), (5000, false)] {
            let answer = RawAnswers.utf8(
                "\(RawAnswers.ok)\(String(repeating: "X-A: 678\r\n", count: count))\(RawAnswers.rest)")
            let server = try RawServer { _ in [.send(answer)] }
            defer { server.stop() }
            switch await Self.outcome(server.url, by: transport) {
            case .success(let response): #expect(isTaken && response.status == 200, "\(count) of 10 bytes")
            case .failure(let error): #expect(!isTaken && error.code == .tooLarge, "\(count) of 10 bytes: \(error)")
            }
        }
    }

    static let hasIPv6: Bool = {
        guard let server = try? RawServer(isIPv6: true, { _ in [.close] }) else { return false }
        server.stop()
        return true
    }()

    @Test(.enabled(if: RawAnswerTests.hasIPv6, "this machine has no ::1"))
    func anAddressMayBeOfIPv6() async throws {
        let server = try RawServer(isIPv6: true) { _ in [.send(RawAnswers.plain)] }
        defer { server.stop() }
        for _ in 1...2 { #expect(try await Self.outcome(server.url).get().status == 200) }
        #expect(server.accepted == 1)
    }
}

extension [UInt8] {
    fileprivate func chunked(into size: Int) -> [[UInt8]] {
        stride(from: 0, to: self.count, by: size).map { Array(self[$0..<Swift.min($0 + size, self.count)]) }
    }
}
