import BuildWorker
import Clients
import Testing
import Workflow

@Suite struct PodNameTests {
    /// Literal: another machine, version or day must come to the same names, or a redelivery makes a second pod.
    @Test(arguments: [
        (1, "", "1-87jcz"), (2, "", "2-8lot8"), (700_123, "", "700123-a2xmf"), (700_124, "blue-", "blue-700124-kh9rl"),
        (Int.max, "", "9223372036854775807-izi6e"),
    ])
    func isTheSameEverywhere(_ build: Int, _ prefix: String, _ name: String) {
        #expect(PodName.of(BuildID(rawValue: build), prefix: prefix) == name)
    }

    @Test func isADNSLabel() throws {
        for build in Array(1...2000) + [8_609_231, Int.max] {
            for prefix in ["", "blue-"] {
                let name = PodName.of(BuildID(rawValue: build), prefix: prefix)
                #expect(name.wholeMatch(of: /[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/) != nil)
                #expect(name.wholeMatch(of: /(blue-)?[0-9]+-[a-z0-9]{5}/) != nil)
            }
        }
    }

    @Test func spreadsNeighbours() {
        let suffixes = Set((1...10_000).map { PodName.of(BuildID(rawValue: $0), prefix: "").suffix(5) })
        #expect(suffixes.count > 9_990)
    }

    @Test func doesNotTakeThePrefixIntoTheSuffix() {
        let build = BuildID(rawValue: 77)
        #expect(PodName.of(build, prefix: "").suffix(5) == PodName.of(build, prefix: "green-").suffix(5))
    }

    @Test(arguments: [("", "77"), ("blue-", "blue-77"), ("a b/", "a.b.77"), ("-x-", "x-77")])
    func labels(_ prefix: String, _ label: String) {
        #expect(PodName.label(BuildID(rawValue: 77), prefix: prefix) == label)
    }
}
