import Testing

@testable import BuildWorker

@Suite struct FailureReportKindTests {
    private static func facts(_ facts: Fact...) -> Facts {
        var all = Facts()
        facts.forEach { all.record($0) }
        return all
    }

    private static let table: [(Settlement, Facts, BuildCommand, FailureReport.Kind?)] = [
        (.ack, facts(.creation(.created()), .timer(.held), .note(.taken)), .start, nil),
        (.nack, facts(.creation(.refused(detail: "500"))), .start, .retried),
        (.ack, facts(.creation(.refused(detail: "500")), .postponement(.held)), .start, .postponed),
        (.ack, facts(.failure(.taken)), .verify, .buildFailed),
        (.ack, facts(.failure(.notTaken), .postponement(.held)), .verify, .postponed),
        (.ack, facts(.failure(.refused), .build(.unknown)), .verify, .failureRefused),
        (.ack, facts(.failure(.refused), .build(.aborted), .deletion(.done)), .verify, nil),
        (.ack, facts(.note(.lost), .timer(.held)), .start, .noteLost),
        (.ack, facts(.note(.refused), .build(.finished)), .start, nil),
        (.ack, facts(.deletion(.failed(detail: "500"))), .stop, .gaveUp),
        (.nack, facts(.deletion(.failed(detail: "500"))), .stop, .retried),
        (.ack, facts(.clearing(.failed(detail: "busy"))), .clear, .gaveUp),
        (.ack, facts(.parking(.held)), .unreadable, .parked),
        (.ack, facts(.parking(.noQueue)), .unreadable, .dropped),
        (.nack, facts(.parking(.notHeld)), .unreadable, .retried),
        (.ack, facts(.parking(.held), .failure(.taken)), .poison(crashes: 3), .poison),
        (.ack, Facts(), .poison(crashes: 3), .poison),
    ]

    @Test(arguments: table)
    func whatBecameOfIt(settlement: Settlement, facts: Facts, command: BuildCommand, kind: FailureReport.Kind?) {
        #expect(FailureReport.Kind(settlement, facts, command) == kind)
    }
}
