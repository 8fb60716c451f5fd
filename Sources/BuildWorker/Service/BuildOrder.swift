internal import Synchronization

/// Lets the messages of one build be handled one after another, in order of arrival, and those of different builds at once.
final class BuildOrder: Sendable {
    /// A place in one build's line. Wait for the turn, handle the message, and leave: who does not leave blocks the build.
    struct Place: Sendable {
        let build: BuildID
        let turn = Turn()
    }

    /// By build: the place whose turn has come, and those behind it.
    private let lines = Mutex<[BuildID: [Place]]>([:])

    /// Takes a place at the end. Call it in the order of arrival.
    func join(_ build: BuildID) -> Place {
        let place = Place(build: build)
        let isFirst = self.lines.withLock { lines in
            lines[build, default: []].append(place)
            return lines[build]?.count == 1
        }
        if isFirst { place.turn.come() }
        return place
    }

    /// Lets the next one in.
    func leave(_ place: Place) {
        let next = self.lines.withLock { lines -> Place? in
            lines[place.build]?.removeFirst()
            guard let next = lines[place.build]?.first else {
                lines[place.build] = nil
                return nil
            }
            return next
        }
        next?.turn.come()
    }
}
