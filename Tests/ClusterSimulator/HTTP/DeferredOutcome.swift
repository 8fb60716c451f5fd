/// An outcome that is known only after something else has happened, on the same event loop.
final class DeferredOutcome {
    private enum State {
        case open
        case awaited((Outcome) -> Void)
        case known(Outcome)
        case taken
    }

    private var state = State.open

    /// Must be called once.
    func resolve(_ outcome: Outcome) {
        switch state {
        case .open: state = .known(outcome)
        case .awaited(let use):
            state = .taken
            use(outcome)
        case .known, .taken: preconditionFailure("an outcome was resolved twice")
        }
    }

    /// Must be called once; `use` is called at once if the outcome is known.
    func whenResolved(_ use: @escaping (Outcome) -> Void) {
        switch state {
        case .open: state = .awaited(use)
        case .known(let outcome):
            state = .taken
            use(outcome)
        case .awaited, .taken: preconditionFailure("an outcome was awaited twice")
        }
    }
}
