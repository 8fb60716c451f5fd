import Testing

@testable import BuildWorker

@Suite struct SpellingTests {
    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("", "ab", 2), ("host", "hots", 1), ("port", "prt", 1), ("port", "Port", 0),
        ("kitten", "sitting", 3),
    ])
    func measures(_ left: String, _ right: String, _ distance: Int) {
        #expect(Spelling.distance(left, right) == distance)
        #expect(Spelling.distance(right, left) == distance)
    }

    @Test func findsTheNearestOnly() {
        #expect(Spelling.nearest(to: "pasword", in: ["passwd", "password", "port"]) == "password")
        #expect(Spelling.nearest(to: "colour", in: ["host", "port"]) == nil)
        #expect(Spelling.nearest(to: "ab", in: ["cd"]) == nil)
    }
}
