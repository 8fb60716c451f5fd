import Foundation
import Synchronization
import Testing

@testable import BuildWorker
@testable import Clients

/// A body in pieces, as a watch has it. IntegrationTests try it on a real one.
@Suite(.timeLimit(.minutes(2))) struct HTTPStreamTests {
    private static let head = RawAnswers.utf8(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")

    private static func chunk(_ text: String) -> [UInt8] {
        RawAnswers.utf8("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
    }

    private func stream(
        _ server: RawServer, deadline: Duration = .seconds(20), idleLimit: Duration? = nil, engine: HTTPEngine = .shared
    ) async throws -> (HTTPTransport, HTTPResponse, HTTPStream) {
        let transport = HTTPTransport(engine: engine)
        let (response, body) = try await transport.stream(
            HTTPRequest(method: "GET", url: server.url + "/"), deadline: deadline, idleLimit: idleLimit)
        return (transport, response, body)
    }

    @Test func theHeadComesBeforeTheBodyAndPiecesAsTheyAreSent() async throws {
        let gate = DispatchSemaphore(value: 0)
        let server = try RawServer { _ in
            [.send(Self.head)]
                + [Self.chunk("one"), Self.chunk("two"), RawAnswers.utf8("0\r\n\r\n")].map { piece in
                    RawServer.Step.made {
                        gate.wait()
                        return piece
                    }
                }
        }
        defer { server.stop() }
        let (transport, response, body) = try await self.stream(server)
        #expect(response.status == 200)
        #expect(response.header("content-type") == "application/json")
        var pieces: [String] = []
        let iterator = body.makeAsyncIterator()
        repeat {
            gate.signal()
            guard let piece = try await iterator.next() else { break }
            pieces.append(String(decoding: piece, as: UTF8.self))
        } while pieces.count < 10
        #expect(pieces == ["one", "two"])
        // Whole, so its connection is kept.
        #expect(try await holdsSoon { transport.connections.open == 1 })
    }

    @Test(arguments: [RawServer.Step.close, .reset]) func aBodyThatBreaksOffIsAnError(end: RawServer.Step) async throws
    {
        let server = try RawServer { _ in [.send(Self.head), .send(Self.chunk("one")), .pause(milliseconds: 50), end] }
        defer { server.stop() }
        let (_, _, body) = try await self.stream(server)
        let error = await #expect(throws: HTTPError.self) {
            for try await piece in body { #expect(String(decoding: piece, as: UTF8.self) == "one") }
        }
        #expect(error?.code == .truncated)
    }

    /// Without a limit it may be silent for as long as it likes; with one it may not.
    @Test func silenceIsNoErrorUnlessItIsLimited() async throws {
        let server = try RawServer { _ in [.send(Self.head), .send(Self.chunk("one")), .hold] }
        defer { server.stop() }
        let begin = ContinuousClock.now
        let (_, _, limited) = try await self.stream(server, deadline: .seconds(60), idleLimit: .milliseconds(300))
        let error = await #expect(throws: HTTPError.self) { for try await _ in limited {} }
        #expect(error?.code == .timedOut)
        #expect(ContinuousClock.now - begin >= .milliseconds(300))
        #expect(ContinuousClock.now - begin < .seconds(20), "long before the deadline of its head")

        // The deadline was for the head: two of them later it still stands.
        let (transport, _, body) = try await self.stream(server, deadline: .milliseconds(200))
        let iterator = body.makeAsyncIterator()
        #expect(try await iterator.next() != nil)
        let reading = Task { () throws(HTTPError) in
            let iterator = body.makeAsyncIterator()
            return try await iterator.next()
        }
        try await Task.sleep(for: .milliseconds(500))
        #expect(transport.connections.open == 1)
        // And a cancel ends its connection at once.
        reading.cancel()
        guard case .failure(let error) = await reading.result else {
            Issue.record("it was not ended")
            return
        }
        #expect((error as? HTTPError)?.code == .cancelled)
        #expect(try await holdsSoon { transport.connections.open == 0 })
        #expect(try await holdsSoon { server.open == 0 })
    }

    @Test func whoDropsItEndsIt() async throws {
        let server = try RawServer { _ in [.send(Self.head), .send(Self.chunk("one")), .hold] }
        defer { server.stop() }
        for _ in 1...10 {
            let (_, _, body) = try await self.stream(server)
            let iterator = body.makeAsyncIterator()
            _ = try await iterator.next()
        }
        #expect(try await holdsSoon { server.open == 0 })
    }

    /// What nobody reads stays with the peer, whose send blocks, and nothing is lost.
    @Test func aSlowReaderHoldsThePeerBack() async throws {
        let (chunks, size) = (2000, 32_000)
        let sent = Atomic(0)
        let server = try RawServer { _ in
            [.send(Self.head)]
                + (0..<chunks).map { number in
                    .made {
                        sent.store(number, ordering: .relaxed)
                        return Self.chunk(
                            String(repeating: Character(UnicodeScalar(UInt8(97 + number % 26))), count: size))
                    }
                } + [.send(RawAnswers.utf8("0\r\n\r\n"))]
        }
        defer { server.stop() }
        let (_, _, body) = try await self.stream(server)
        var before = -1
        #expect(
            try await holdsSoon {
                defer { before = sent.load(ordering: .relaxed) }
                return before > 0 && before == sent.load(ordering: .relaxed)
            })
        #expect(
            sent.load(ordering: .relaxed) * size < 16 << 20,
            "64 MB wait with the peer, but for what the sockets and the buffer hold")
        var count = 0
        var last: UInt8 = 0
        for try await piece in body {
            count += piece.count
            last = piece.last ?? 0
        }
        #expect(count == chunks * size)
        #expect(last == UInt8(97 + (chunks - 1) % 26))
    }

    /// A silent body ends with the engine, and nothing of the engine is left.
    @Test func theEnginesEndEndsEverything() async throws {
        let engine = HTTPEngine()
        let server = try RawServer { request in request.target == "/hang" ? [.hold] : [.send(Self.head), .hold] }
        defer { server.stop() }
        let (transport, _, body) = try await self.stream(server, engine: engine)
        let sending = Task { () throws(HTTPError) in
            try await transport.send(HTTPRequest(method: "GET", url: server.url + "/hang"), deadline: .seconds(60))
        }
        #expect(try await holdsSoon { transport.connections.open == 2 })
        engine.stop()
        await engine.waitUntilStopped()
        #expect(transport.connections.open == 0)
        let error = await #expect(throws: HTTPError.self) { for try await _ in body {} }
        #expect(error?.code == .cancelled)
        guard case .failure(let other) = await sending.result else {
            Issue.record("answered")
            return
        }
        #expect((other as? HTTPError)?.code == .cancelled)
        let late = await #expect(throws: HTTPError.self) {
            try await transport.send(HTTPRequest(method: "GET", url: server.url + "/"), deadline: .seconds(5))
        }
        #expect(late?.code == .cancelled)
        #expect(try await holdsSoon { server.open == 0 })
    }

    @Test func anEngineThatNeverBeganStops() async {
        let engine = HTTPEngine()
        engine.stop()
        await engine.waitUntilStopped()
    }
}
