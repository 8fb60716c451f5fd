import NIOCore
import NIOHTTP1
import NIOPosix

/// The three servers of the simulator.
enum ListenerName: String, CaseIterable {
    case control, kubernetes, api
}

/// A port with its connections. It can be closed and opened again while the simulator runs, as an
/// outage of the real server would look.
///
/// Confined to the event loop.
final class Listener {
    let name: ListenerName
    /// The bound port; before the first `open()` the wished one, where 0 means any free one.
    private(set) var port: Int
    private unowned let simulation: Simulation
    private let group: MultiThreadedEventLoopGroup
    private var server: (any Channel)?
    private var connections: [ObjectIdentifier: Connection] = [:]

    init(name: ListenerName, port: Int, simulation: Simulation, group: MultiThreadedEventLoopGroup) {
        self.name = name
        self.port = port
        self.simulation = simulation
        self.group = group
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// Binds the port. Does nothing when it is open already.
    func open() -> EventLoopFuture<Void> {
        let loop = simulation.loop
        if server != nil { return loop.nonisolated().makeSucceededVoidFuture() }
        let confined = NIOLoopBound(self, eventLoop: loop.nonisolated())
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let listener = confined.value
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)))
                    try pipeline.addHandler(Connection(id: listener.simulation.nextConnection(), listener: listener))
                }
            }
            .bind(host: "127.0.0.1", port: port)
            .assumeIsolated()
            .map { channel in
                self.server = channel
                self.port = channel.localAddress?.port ?? self.port
            }
            .nonisolated()
    }

    /// Stops listening and drops every connection; clients then see "connection refused".
    func close() -> EventLoopFuture<Void> {
        guard let server else { return simulation.loop.nonisolated().makeSucceededVoidFuture() }
        self.server = nil
        for connection in Array(connections.values) { connection.close() }
        return server.close()
    }

    // MARK: For connections

    func opened(_ connection: Connection) { connections[ObjectIdentifier(connection)] = connection }
    func closed(_ connection: Connection) { connections[ObjectIdentifier(connection)] = nil }

    func serve(_ request: Request, from connection: Connection) -> (Outcome, delay: TimeAmount) {
        simulation.serve(request, on: name, from: connection)
    }

    func watch(_ filter: PodFilter, since start: WatchStart, on connection: Connection) {
        simulation.pods.watch(filter, since: start, on: connection)
    }

    func after(_ delay: TimeAmount, _ work: @escaping () -> Void) {
        simulation.loop.scheduleTask(in: delay, work)
    }
}
