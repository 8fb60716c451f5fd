internal import Synchronization

/// Counts the connections that were lost with deliveries in hand: the broker counts those deliveries as made once more,
/// which says nothing about the messages.
final class LostConnections: Sendable {
    private let state = Mutex((isConnected: false, count: 0))

    var count: Int { self.state.withLock { $0.count } }

    func count(_ event: ConnectionEvent) {
        self.state.withLock { state in
            switch event {
            case .connected: state.isConnected = true
            case .disconnected:
                if state.isConnected { state.count += 1 }
                state.isConnected = false
            // Its channel closed, and what was in hand on it goes back as well.
            case .consumerLost: state.count += 1
            case .consuming, .stopped, .blocked, .unblocked, .channelRenewed: break
            }
        }
    }
}
