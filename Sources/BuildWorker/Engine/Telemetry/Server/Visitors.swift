internal import NIOCore
internal import Synchronization

/// A server's connections. A new one is always accepted; above the limit the address with the most loses its oldest.
final class Visitors: Sendable {
    private struct Visitor {
        let channel: any Channel
        let address: String?
    }

    private let limit: Int
    /// Oldest first.
    private let present = Mutex<[Visitor]>([])

    init(limit: Int) { self.limit = limit }

    func enter(_ channel: any Channel) {
        let visitor = Visitor(channel: channel, address: channel.remoteAddress?.ipAddress)
        let leaving = self.present.withLock { present -> (any Channel)? in
            present.append(visitor)
            guard present.count > self.limit else { return nil }
            let counts = Dictionary(present.map { ($0.address, 1) }, uniquingKeysWith: +)
            let most = counts.values.max()
            return present.firstIndex { counts[$0.address] == most }.map { present.remove(at: $0).channel }
        }
        leaving?.close(promise: nil)
        channel.closeFuture.whenComplete { _ in self.present.withLock { $0.removeAll { $0.channel === channel } } }
    }
}
