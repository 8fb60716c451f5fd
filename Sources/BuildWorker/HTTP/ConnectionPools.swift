internal import FoundationNetworking
internal import Synchronization

/// The connections to a service, in pools of a few: the next one is opened when those before it are busy.
///
/// A new connection is what costs most here. URLSession asks to hear when a connecting socket can be written to, and takes that back only when
/// no request is under way on it any more: until then the process is woken up without pause (6.3.1: a request on a new connection to
/// a server that takes two seconds costs two seconds of a core, on a kept one half a millisecond). And libcurl closes idle connections above
/// four times the number of requests that it has under way, which URLSession leaves as it is: one pool of twenty loses in a lull what
/// it needs a moment later, a new connection for every seventh request. From a pool of four it has no reason to close any.
///
/// Over HTTP/2 requests share a connection once there is one, and one pool for all does with the least.
final class ConnectionPools: Sendable {
    private struct Pool: Sendable {
        let session: URLSession
        var underWay = 0
        var idleSince = ContinuousClock.now
    }

    private let pools: Mutex<[Pool]>
    /// Of one pool, to a host.
    private let connections: Int
    /// How many pools there may be.
    private let limit: Int
    private let idleTime: Duration
    private let makeSession: @Sendable (_ connectionsPerHost: Int) -> URLSession

    /// - Parameters:
    ///   - connectionsPerHost: at most, rounded up to whole pools.
    ///   - isMultiplexed: the service speaks HTTP/2.
    ///   - idleTime: how long a pool is kept unused; libcurl does not use connections again that were idle for 118 s, but only
    ///     closes them with the next request.
    init(
        connectionsPerHost: Int, isMultiplexed: Bool, idleTime: Duration = .seconds(120),
        makeSession: @escaping @Sendable (_ connectionsPerHost: Int) -> URLSession
    ) {
        self.connections = isMultiplexed ? max(1, connectionsPerHost) : 4
        self.limit = max(1, (connectionsPerHost + self.connections - 1) / self.connections)
        (self.idleTime, self.makeSession) = (idleTime, makeSession)
        self.pools = Mutex([Pool(session: makeSession(self.connections))])
    }

    /// Calls `body` with the session that its request is to use. When all connections are busy, it is the one with the fewest requests, and
    /// the request waits there, even if another has a connection to spare sooner.
    func withSession<Result: Sendable>(_ body: (URLSession) async -> Result) async -> Result {
        let (index, session) = self.take()
        defer { self.giveBack(index) }
        return await body(session)
    }

    private func take() -> (Int, URLSession) {
        let (index, session, unused) = self.pools.withLock { pools in
            let unused = self.removeUnused(&pools)
            let index = self.leastBusy(&pools)
            pools[index].underWay += 1
            return (index, pools[index].session, unused)
        }
        for session in unused { session.finishTasksAndInvalidate() }
        return (index, session)
    }

    private func giveBack(_ index: Int) {
        self.pools.withLock { pools in
            pools[index].underWay -= 1
            pools[index].idleSince = .now
        }
    }

    /// The first one that has a connection to spare: what is used often stays open.
    private func leastBusy(_ pools: inout [Pool]) -> Int {
        if let free = pools.firstIndex(where: { $0.underWay < self.connections }) { return free }
        if pools.count < self.limit {
            pools.append(Pool(session: self.makeSession(self.connections)))
            return pools.count - 1
        }
        return pools.indices.min { pools[$0].underWay < pools[$1].underWay } ?? 0
    }

    /// From the end only, as those in use are known by their index.
    private func removeUnused(_ pools: inout [Pool]) -> [URLSession] {
        var unused: [URLSession] = []
        while pools.count > 1, let last = pools.last, last.underWay == 0, .now - last.idleSince > self.idleTime {
            unused.append(pools.removeLast().session)
        }
        return unused
    }

    var count: Int { self.pools.withLock { $0.count } }

    /// Nothing may be under way, nor begin afterwards.
    func invalidate() {
        for pool in self.pools.withLock({ $0 }) { pool.session.finishTasksAndInvalidate() }
    }
}
