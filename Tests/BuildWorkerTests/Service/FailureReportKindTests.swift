import Testing

@testable import BuildWorker
@testable import Support
@testable import Workflow

@Suite struct FailureReportKindTests {
    private static func facts(_ facts: Fact...) -> Facts {
        var all = Facts()
        facts.forEach { all.record($0) }
        return all
    }

    private static let problem = Problem(.cluster, "create pod: 500")

    private static let table: [(Settlement, Facts, BuildCommand, FailureReport.Kind?)] = [
        (.ack, facts(.creation(.created()), .timer(.confirmed), .note(.taken)), .start, nil),
        (.nack, facts(.creation(.refused(problem))), .start, .retried),
        (.ack, facts(.creation(.refused(problem)), .postponement(.confirmed)), .start, .postponed),
        (.ack, facts(.failure(.taken)), .verify, .buildFailed),
        (.ack, facts(.failure(.notTaken(problem)), .postponement(.confirmed)), .verify, .postponed),
        (.ack, facts(.failure(.notTaken(problem)), .parking(.confirmed)), .verify, .owed),
        (.ack, facts(.failure(.refused(problem))), .verify, .failureRefused),
        (.ack, facts(.build(.refused(problem))), .start, .failureRefused),
        (.ack, facts(.failure(.ended), .deletion(.done)), .start, nil),
        (.ack, facts(.build(.ended)), .verify, nil),
        (.ack, facts(.build(.unavailable(problem)), .parking(.confirmed)), .verify, .owed),
        (.ack, facts(.note(.lost(problem)), .timer(.confirmed)), .start, .noteLost),
        (.ack, facts(.note(.refused(problem)), .timer(.confirmed)), .start, .noteLost),
        (.ack, facts(.note(.ended), .deletion(.done)), .start, nil),
        (.ack, facts(.deletion(.failed(problem))), .stop, .gaveUp),
        (.nack, facts(.deletion(.failed(problem))), .stop, .retried),
        (.ack, facts(.clearing(.failed(problem))), .clear, .gaveUp),
        (.ack, facts(.parking(.confirmed)), .unreadable, .parked),
        (.ack, facts(.parking(.unroutable)), .unreadable, .dropped),
        (.nack, facts(.parking(.unconfirmed)), .unreadable, .retried),
        (.ack, facts(.parking(.confirmed), .failure(.taken)), .poison(crashes: 3), .poison),
        (.ack, Facts(), .poison(crashes: 3), .poison),
    ]

    @Test(arguments: table)
    func whatBecameOfIt(settlement: Settlement, facts: Facts, command: BuildCommand, kind: FailureReport.Kind?) {
        #expect(FailureReport.Kind(settlement, facts, command) == kind)
    }
}
