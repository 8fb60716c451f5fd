internal import Clients
internal import RabbitMQ
internal import ServiceLifecycle

/// Something with a thread of its own.
protocol ThreadOwner: Sendable {
    func start()
    /// Ends the thread soon; returns at once.
    func stop()
    func waitUntilStopped() async
}

extension ConsumingConnection: ThreadOwner {}
extension PublishingConnection: ThreadOwner {}

/// Its thread begins with the first request.
extension HTTPEngine: ThreadOwner { func start() {} }

/// Keeps a thread going until the shutdown. Cancelled, it ends it as well.
struct ThreadService: Service {
    let owner: any ThreadOwner

    init(_ owner: any ThreadOwner) { self.owner = owner }

    func run() async {
        self.owner.start()
        do { try await gracefulShutdown() } catch {}
        self.owner.stop()
        await self.owner.waitUntilStopped()
    }
}
