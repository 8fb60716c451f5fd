internal import Clients
internal import RabbitMQ
internal import ServiceLifecycle

protocol ThreadOwner: Sendable {
    func start()
    /// Asks the thread to stop; returns at once.
    func stop()
    func waitUntilStopped() async
}

extension ConsumingConnection: ThreadOwner {}
extension PublishingConnection: ThreadOwner {}

extension HTTPEngine: ThreadOwner { func start() {} }

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
