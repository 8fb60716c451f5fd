internal import Synchronization

/// A value passed once from one producer to one consumer, in either order.
package final class OneShot<Value: Sendable>: Sendable {
    private enum State {
        /// → `awaited`, `there`
        case empty
        /// → `there`
        case awaited(CheckedContinuation<Value, Never>)
        case there(Value)
    }

    private let state = Mutex(State.empty)

    package init() {}

    /// Only the first call has an effect.
    package func fulfil(_ value: Value) {
        let reader: CheckedContinuation<Value, Never>? = self.state.withLock { state in
            switch state {
            case .empty:
                state = .there(value)
                return nil
            case .awaited(let reader):
                state = .there(value)
                return reader
            case .there: return nil
            }
        }
        reader?.resume(returning: value)
    }

    /// Waits for the value. May be read by one task only.
    package var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                let value: Value? = self.state.withLock { state in
                    if case .there(let value) = state { return value }
                    state = .awaited(continuation)
                    return nil
                }
                if let value { continuation.resume(returning: value) }
            }
        }
    }
}
