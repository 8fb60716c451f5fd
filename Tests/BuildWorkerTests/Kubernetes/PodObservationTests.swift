import Testing

@testable import BuildWorker
@testable import Clients
@testable import Workflow

/// What pods mean, in the states that clusters have shown (`Fixtures/pod-status`, a file a topic).
@Suite struct PodObservationTests {
    @Test(arguments: PodStatusFixture.all)
    func isWhatItsStateMeans(fixture: PodStatusFixture) {
        let observation = PodObservation(pod: fixture.pod, label: "7", container: "7")
        #expect(fixture.facts(of: observation) == fixture.facts, "\(observation)")
        let words = PodStatusFixture.words(of: observation)
        for part in fixture.words { #expect(words.contains(part), "\(words)") }
        #expect(words.count <= 1000 && !words.contains { $0.isNewline }, "it stands in log lines and status messages")
    }

    /// The VM's launcher decides, and what lays the programs on the node may keep it from starting: as in any pod.
    @Test(arguments: PodStatusFixture.all.map(\.ofAVM))
    func aVMsPodIsWhatItsStateMeans(fixture: PodStatusFixture) {
        #expect(fixture.facts(of: PodObservation(pod: fixture.pod, label: "7", container: "7")) == fixture.facts)
    }

    @Test func theTableIsThere() { #expect(PodStatusFixture.all.count >= 100) }

    @Test(arguments: [
        ([PodObservation](), PodObservation.notFound),
        ([.broken(PodFailure(.ended(phase: "failed"), "")), .running(node: "n1")], .running(node: "n1")),
        ([.terminating(detail: ""), .pending(node: nil, waitsFor: "x")], .pending(node: nil, waitsFor: "x")),
        (
            [.broken(PodFailure(.image, "i")), .broken(PodFailure(.ended(phase: "failed"), "", hasBegun: true))],
            .broken(PodFailure(.ended(phase: "failed"), "", hasBegun: true))
        ),
        ([.terminating(detail: ""), .notOwned], .terminating(detail: "")),
    ])
    func severalPodsMeanOneThing(pods: [PodObservation], together: PodObservation) {
        #expect(PodObservation.combining(pods) == together)
    }
}
