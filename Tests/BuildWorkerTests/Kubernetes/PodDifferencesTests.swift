import BuildWorker
import Support
import Testing

/// The comparison that the fixtures rely on must see what it should see.
@Suite struct PodDifferencesTests {
    @Test(
        arguments: [
            ([:], ["a": nil]), (["a": ""], [:]), (["a": nil], ["a": ""]), (["a": 1, "b": 2], ["b": 2, "a": 1]),
            ([nil], [""]),
            (["metadata": ["name": "1-abcde"]], ["metadata": ["name": "1-?????"]]),
        ] as [(JSONValue, JSONValue)])
    func none(_ left: JSONValue, _ right: JSONValue) {
        #expect(podDifferences(left, right) == [])
    }

    @Test func countsTheOrderOfArrays() {
        #expect(podDifferences(["a": [1, 2]], ["a": [2, 1]]) == [".a[0]: 1, 2", ".a[1]: 2, 1"])
    }

    @Test(
        arguments: [
            (["a": 1], [:]), (["a": 1], ["a": "1"]), (["a": false], [:]), ([1, 2], [1, 3]), ([[1], 2], [[3], 2]),
            ([1], [1, 1]), ([1], [:]), (["a": [:]], [:]),
            (["a": ["b": "x"]], ["a": ["b": "y"]]),
            (["metadata": ["name": "1-abcde"]], ["metadata": ["name": "2-abcde"]]),
            (["spec": ["name": "1-abcde"]], ["spec": ["name": "1-fghij"]]),
        ] as [(JSONValue, JSONValue)])
    func some(_ left: JSONValue, _ right: JSONValue) {
        #expect(podDifferences(left, right).count == 1)
        #expect(podDifferences(right, left).count == 1)
    }
}
