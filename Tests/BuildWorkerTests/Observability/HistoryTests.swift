import Testing

@testable import BuildWorker
@testable import Support

@Suite struct HistoryTests {
    @Test func aPointHoldsWhatHappenedInIt() {
        let history = History()
        for _ in 1...3 { history.count(.deliveries) }
        for milliseconds in 1...100 { history.created(after: .milliseconds(milliseconds)) }
        history.turn()
        history.count(.failures)
        history.turn()
        let points = history.points
        #expect(points.map(\.deliveries) == [3, 0])
        #expect(points.map(\.podsCreated) == [100, 0])
        #expect(points.map(\.failures) == [0, 1])
        #expect(points.map(\.median) == [.milliseconds(51), nil])
        #expect(points.map(\.p99) == [.milliseconds(100), nil])
        #expect(history.totals["deliveries"] == 3)
        #expect(history.totals["podsCreated"] == 100)
        #expect(history.document[path: "deliveryToPodMs", "p99"] == [100, nil])
    }

    @Test func itForgetsWhatIsOld() {
        let history = History()
        for number in 0..<200 {
            for _ in 0..<number { history.count(.deliveries) }
            history.turn()
        }
        #expect(history.points.count == 120)
        #expect(history.points.first?.deliveries == 80)
    }
}
