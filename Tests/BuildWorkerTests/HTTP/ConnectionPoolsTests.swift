import Dispatch
import FoundationNetworking
import Synchronization
import Testing

@testable import BuildWorker

@Suite(.timeLimit(.minutes(2))) struct ConnectionPoolsTests {
    /// Holds answers back until so many requests wait for theirs.
    private final class Gate: Sendable {
        private let waiting = Mutex<(needed: Int, semaphores: [DispatchSemaphore])>((0, []))

        /// The next requests are answered when `count` of them are there.
        func close(until count: Int) { self.waiting.withLock { $0 = (count, []) } }

        func pass() {
            let semaphore = DispatchSemaphore(value: 0)
            let opened = self.waiting.withLock { waiting -> [DispatchSemaphore] in
                waiting.semaphores.append(semaphore)
                return waiting.semaphores.count >= waiting.needed ? waiting.semaphores : []
            }
            for one in opened { one.signal() }
            semaphore.wait()
        }

        func server() throws -> StubServer {
            try StubServer { _ in
                self.pass()
                return .status(200)
            }
        }
    }

    private static func send(_ count: Int, to url: String, by transport: HTTPTransport) async throws {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<count {
                group.addTask { try await transport.send(HTTPRequest(method: "GET", url: url), deadline: .seconds(60)).status }
            }
            for try await status in group { #expect(status == 200) }
        }
    }

    /// What libcurl does by itself: after the lull, most connections of one large pool are gone.
    @Test func aLullClosesNoConnection() async throws {
        let gate = Gate()
        let server = try gate.server()
        defer { server.stop() }
        let transport = HTTPTransport(connectionsPerHost: 20)
        for _ in 1...3 {
            gate.close(until: 20)
            try await Self.send(20, to: server.url + "/crowd", by: transport)
            for _ in 1...10 {
                gate.close(until: 1)
                try await Self.send(1, to: server.url + "/lull", by: transport)
            }
        }
        #expect(Set(server.requests.map(\.connection)).count == 20)
    }

    @Test func whatComesOneByOneTakesOneConnection() async throws {
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        let transport = HTTPTransport(connectionsPerHost: 20)
        for _ in 1...30 { try await Self.send(1, to: server.url, by: transport) }
        #expect(Set(server.requests.map(\.connection)).count == 1)
    }

    @Test func aCrowdWaitsForTheConnectionsThereMayBe() async throws {
        let gate = Gate()
        let server = try gate.server()
        defer { server.stop() }
        // The first eight only pass when all eight are there; from then on the gate is open.
        gate.close(until: 8)
        let transport = HTTPTransport(connectionsPerHost: 6)
        try await Self.send(20, to: server.url, by: transport)
        #expect(Set(server.requests.map(\.connection)).count == 8, "six, rounded up")
    }

    /// The sessions that requests were given, by how many.
    private final class Uses: Sendable {
        private let counts = Mutex<[ObjectIdentifier: Int]>([:])
        var all: [Int] { self.counts.withLock { Array($0.values) } }
        func add(_ session: URLSession) { self.counts.withLock { $0[ObjectIdentifier(session), default: 0] += 1 } }

        /// So many requests, of which none ends before the last has begun.
        func hold(_ count: Int, of pools: ConnectionPools) async {
            guard count > 0 else { return }
            await pools.withSession { session in
                self.add(session)
                await self.hold(count - 1, of: pools)
            }
        }
    }

    private static func pools(_ connections: Int, isMultiplexed: Bool = false, idleTime: Duration = .seconds(120), each: Int) -> ConnectionPools {
        ConnectionPools(connectionsPerHost: connections, isMultiplexed: isMultiplexed, idleTime: idleTime) { perHost in
            #expect(perHost == each)
            return URLSession(configuration: .ephemeral)
        }
    }

    @Test(arguments: [(1, 1), (4, 1), (5, 2), (20, 5), (0, 1)])
    func poolsAreFilledInTurnAndThenEvenly(connections: Int, limit: Int) async {
        let pools = Self.pools(connections, each: 4)
        defer { pools.invalidate() }
        for inTurn in 1...limit {
            let uses = Uses()
            await uses.hold(inTurn * 4, of: pools)
            #expect(uses.all == Array(repeating: 4, count: inTurn))
        }
        let uses = Uses()
        await uses.hold(limit * 6, of: pools)
        #expect(uses.all == Array(repeating: 6, count: limit))
    }

    @Test(arguments: [(Duration.zero, 1), (.seconds(120), 3)])
    func poolsThatAreNotUsedAreGivenBack(idleTime: Duration, left: Int) async {
        let pools = Self.pools(12, idleTime: idleTime, each: 4)
        defer { pools.invalidate() }
        let (crowd, one) = (Uses(), Uses())
        await crowd.hold(12, of: pools)
        await one.hold(1, of: pools)
        #expect(pools.count == left)
        #expect(one.all == [1])
    }

    /// Else its delegate, its queues and its connections stay with the process.
    @Test func aTransportEndsItsSessions() async throws {
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        weak var pools: ConnectionPools?
        weak var delegate: ExchangeDelegate?
        do {
            let transport = HTTPTransport(connectionsPerHost: 20)
            try await Self.send(20, to: server.url, by: transport)
            (pools, delegate) = (transport.pools, transport.delegate)
            #expect(delegate != nil)
        }
        #expect(pools == nil)
        let deadline = ContinuousClock.now + .seconds(60)
        while delegate != nil, .now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        #expect(delegate == nil)
    }

    @Test func whatIsMultiplexedHasOnePool() async {
        let pools = Self.pools(20, isMultiplexed: true, each: 20)
        defer { pools.invalidate() }
        let uses = Uses()
        await uses.hold(30, of: pools)
        #expect(uses.all == [30])
    }
}
