internal import FoundationNetworking
internal import Synchronization

/// The connections to a service, in pools of a few: the next one is opened when those before it are busy.
///
/// A new connection is what costs most here. URLSession never takes back that it wants to hear when a connecting socket can be written to,
/// so until the first answer has come over it the process is woken up without pause (6.3.1: a request on a new connection to a server that takes two
/// seconds costs two seconds of a core, over a kept one half a millisecond). And libcurl closes idle connections above four
/// times the number of requests that it has under way, URLSession leaves that as it is, and so one pool of twenty loses in a lull
/// what it needs a moment later: a new connection for every seventh request. A pool of four keeps its connections whatever happens.
///
/// Over HTTP/2 all of a pool's requests share a connection, and one pool for all does with the least.
final class ConnectionPools: Sendable {
    private struct Pool: Sendable {
        let session: URLSession
        var underWay = 0
    }

    private let pools = Mutex<[Pool]>([])
    /// Of one pool, to a host.
    private let connections: Int
    /// How many pools there may be.
    private let limit: Int
    private let makeSession: @Sendable (_ connectionsPerHost: Int) -> URLSession

    /// - Parameters:
    ///   - connectionsPerHost: at least; a pool is opened whole.
    ///   - isMultiplexed: the service speaks HTTP/2.
    init(connectionsPerHost: Int, isMultiplexed: Bool, makeSession: @escaping @Sendable (_ connectionsPerHost: Int) -> URLSession) {
        self.connections = isMultiplexed ? max(1, connectionsPerHost) : 4
        self.limit = max(1, (connectionsPerHost + self.connections - 1) / self.connections)
        self.makeSession = makeSession
    }

    /// Calls `body` with the session that its request is to use. When all connections are busy, it is one whose turn comes soonest.
    func withSession<Result: Sendable>(_ body: (URLSession) async -> Result) async -> Result {
        let (index, session) = self.pools.withLock { pools in
            let index = self.leastBusy(&pools)
            pools[index].underWay += 1
            return (index, pools[index].session)
        }
        defer { self.pools.withLock { $0[index].underWay -= 1 } }
        return await body(session)
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

    /// Nothing may be under way, nor begin afterwards.
    func invalidate() {
        for pool in self.pools.withLock({ $0 }) { pool.session.finishTasksAndInvalidate() }
    }
}
