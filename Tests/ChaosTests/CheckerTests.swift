import ChaosModel
import Foundation
import Testing

/// Each violation is planted in a good recording and must be found, and nothing else.
@Suite struct CheckerTests {
    @Test func aGoodRunIsGood() { #expect(Recording().violations == []) }

    struct Planted: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let expected: [Violation.Kind]
        let plant: @Sendable (inout Recording) -> Void

        init(_ name: String, _ expected: Violation.Kind..., plant: @escaping @Sendable (inout Recording) -> Void) {
            (self.testDescription, self.expected, self.plant) = (name, expected, plant)
        }
    }

    static let builds = [
        Planted("neither pod nor FAILURE", .lost) {
            $0.removePods(of: 1)
            $0.remove { $0.build == "1" }
        },
        Planted("the pod of a healthy build is gone", .lost) {
            $0.removePods(of: 1)
            $0.create(1, at: 1)
            $0.addPod(1, name: "1-a", deleted: true)
        },
        Planted("a refused build was forgotten", .lost) { $0.setStatus(4, "QUEUED") },
        Planted("a bad image was never told", .notFailed) { $0.setStatus(3, "QUEUED") },
        Planted("a second pod beside the first", .doubled) {
            $0.create(1, at: 9, pod: "1-b")
            $0.addPod(1, name: "1-b")
            $0.list(1, at: 15)
        },
        Planted("two pods alive, whoever made the second", .doubled) {
            $0.create(1, at: 9, pod: "1-b")
            $0.evidence.journal[$0.evidence.journal.count - 1].build = "99"
            $0.addPod(1, name: "1-b")
        },
        Planted("a second pod after the first was deleted for no reason", .doubled) {
            $0.request(1, at: 8, "DELETE", "pods", status: 200, effect: "deleted:1")
            $0.create(1, at: 9)
            $0.addPod(1, name: "1-a", deleted: true)
            $0.list(1, at: 15)
        },
        Planted("never looked at again", .neverVerified) { $0.remove { $0.build == "1" && $0.method == "GET" } },
        Planted("looked at by name for its start only", .neverVerified) {
            $0.remove { $0.build == "1" && $0.method == "GET" }
            $0.post(1, at: 7, status: 409)
            $0.read(1, at: 7.1, status: nil, fault: "rule 3 reset-after")
            $0.read(1, at: 7.2)
        },
        Planted("looked at too early", .neverVerified) {
            $0.remove { $0.build == "2" && $0.method == "GET" }
            $0.list(2, at: 4)
        },
        Planted("looked at, but the answer was cut in half", .neverVerified) {
            $0.remove { $0.build == "1" && $0.method == "GET" }
            $0.list(1, at: 7, fault: "rule 3 truncate")
        },
        Planted("looked at, but the answer was rubbish", .neverVerified) {
            $0.remove { $0.build == "1" && $0.method == "GET" }
            $0.list(1, at: 7, status: nil, fault: "rule 3 broken-ssh-after")
        },
        Planted("a healthy build was failed by answers that were only unusual", .failedWronglyHealthy) {
            $0.setStatus(1, "FAILURE", "Build failed to start after 5 retries: no answer")
            for second in 0..<6 {
                $0.post(1, at: 10 + 2 * Double(second), status: 201, fault: "rule 4 unusual-trailers")
            }
        },
        Planted("looked at, but without an answer", .neverVerified) {
            $0.remove { $0.build == "1" && $0.method == "GET" }
            $0.list(1, at: 7, status: nil, fault: "rule 3 reset-after")
        },
        Planted("a healthy build was failed", .failedWronglyHealthy) {
            $0.setStatus(1, "FAILURE", "Build failed to start after 5 retries: 503")
        },
        Planted("a healthy build was failed by an outage", .failedWronglyHealthy) {
            $0.setStatus(1, "FAILURE", "Build failed to start after 5 retries: 503")
            for second in 0..<6 { $0.post(1, at: 3 + Double(second) / 3, status: 503, fault: "rule 9 status-503") }
        },
        Planted("the wrong cause", .wrongCause) {
            $0.setStatus(3, "FAILURE", "Build failed to start. Its pod disappeared before it began")
        },
        Planted("a stopped build's pod lives", .stoppedButAlive) {
            $0.create(5, at: 9)
            $0.addPod(5, name: "5-a")
        },
        Planted("a short build's pod lives", .stoppedButAlive) {
            $0.create(6, at: 9)
            $0.addPod(6, name: "6-a")
        },
        Planted("a failed build's pod lives", .stoppedButAlive) {
            $0.create(3, at: 9)
            $0.addPod(3, name: "3-a")
        },
        Planted("a short build never ended", .lost) { $0.evidence.state.builds["6"] = .init(status: "RUNNING") },
        Planted("a short build was failed in time", .failedWronglyHealthy) {
            $0.setStatus(6, "FAILURE", "Build failed to start after 5 retries: 503")
        },
        Planted("a short build was to be failed when it had ended", .failedAfterItsEnd) {
            $0.put(6, at: 12, "FAILURE", code: 403)
        },
        Planted("a short build's failure was reported", .reportedAfterItsEnd) {
            $0.evidence.reports.append(ReportRecord(worker: 1, kind: "failure-refused", build: 6))
        },
        Planted("a question took the build's message away", .messageErased) {
            $0.evidence.state.builds["2"]?.erasedMessage = "delayed"
        },
    ]

    static let surroundings = [
        Planted("a message left in a queue", .leftInQueue) { $0.evidence.queues[1].queues[0].ready = 1 },
        Planted("a message unacked", .leftInQueue) { $0.evidence.queues[0].queues[0].unacked = 1 },
        Planted("a parked message unacked", .leftInQueue) { $0.evidence.queues[1].queues[1].unacked = 1 },
        Planted("an unreadable message is gone", .notParked) { $0.evidence.parked = [] },
        Planted("an unreadable message was changed", .parkedWrongly, .notParked) {
            $0.evidence.parked[0].body = Data("{}".utf8)
        },
        Planted("a build was parked", .parkedWrongly) {
            $0.evidence.parked.append(ParkedMessage(body: Data("{\"job\":\"start\"}".utf8), reason: nil))
        },
        Planted("never at rest", .neverAtRest) { $0.evidence.end.hangs = "builds.retry 1 unacked" },
        Planted("a worker crashed", .workerEnded) {
            $0.evidence.workers.append(WorkerRecord(t: 1050, worker: 1, event: .ended, code: 139))
        },
        Planted("a worker drained with an error", .workerEnded) { $0.evidence.workers[1].code = 1 },
        Planted("a worker did not drain", .workerEnded) { $0.evidence.workers[1].event = .stuck },
        Planted("a token in a log", .secretShown) { $0.evidence.logsWithSecrets = ["worker-1-1.out"] },
        Planted("a request is missing in the journal", .evidence) { $0.evidence.journal[4].seq += 1 },
        Planted("a pod that no request made", .evidence) { $0.addPod(4, name: "4-a", deleted: true) },
        Planted("a start that was never confirmed", .evidence) { $0.evidence.published[0].isConfirmed = false },
        Planted("a build that was never published", .evidence) { $0.evidence.settings.builds = 7 },
        Planted("a fault that could not be made", .evidence) {
            $0.evidence.faults[0].phase = .notMade
            $0.evidence.settings.faults = 0
        },
        Planted("a fault that nobody made", .evidence) { $0.evidence.settings.faults = 2 },
        Planted("nobody looked at the queues", .evidence) { $0.evidence.queues.removeLast() },
    ]

    @Test(arguments: builds + surroundings)
    func whatIsPlantedIsFound(planted: Planted) {
        var recording = Recording()
        planted.plant(&recording)
        #expect(recording.kinds == planted.expected, "\(recording.violations)")
    }

    @Test func everyKindOfViolationIsPlanted() {
        #expect(Set((Self.builds + Self.surroundings).flatMap(\.expected)) == Set(Violation.Kind.allCases))
    }

    /// What looks like a violation and is none.
    static let allowed = [
        Planted("refused more often than the limit, by chance") {
            $0.setStatus(1, "FAILURE", "Build failed to start after 5 retries: 500")
            for second in 0..<6 { $0.post(1, at: 10 + 2 * Double(second), status: 500, fault: "rule 4 status-500") }
        },
        Planted("five refusals of its own, and one attempt lost to an outage") {
            $0.setStatus(1, "FAILURE", "Build failed to start after 5 retries: 500")
            for second in 0..<5 { $0.post(1, at: 2 + Double(second), status: 500, fault: "rule 4 status-500") }
        },
        Planted("an answer that was only late") {
            $0.remove { $0.build == "1" && $0.method == "GET" }
            $0.list(1, at: 7, fault: "rule 3 delay-900")
        },
        Planted("an answer that was only unusual") {
            $0.remove { $0.build == "1" && $0.method == "GET" }
            $0.list(1, at: 7, fault: "rule 3 unusual-trailers")
        },
        Planted("answered with rubbish more often than the limit") {
            $0.setStatus(1, "FAILURE", "Build failed to start after 5 retries: no answer")
            for second in 0..<6 {
                $0.post(1, at: 10 + 2 * Double(second), status: nil, fault: "rule 4 broken-half-headers-before")
            }
        },
        Planted("a stopped build started again and stopped again") {
            $0.create(5, at: 9)
            $0.delete(5, at: 10)
            $0.addPod(5, name: "5-a", deleted: true)
        },
        Planted("a short build started again and stopped again") {
            $0.create(6, at: 9)
            $0.delete(6, at: 10)
            $0.addPod(6, name: "6-a", deleted: true)
        },
        Planted("looked at by name") {
            $0.remove { $0.build == "1" && $0.method == "GET" }
            $0.read(1, at: 7)
        },
        Planted("looked at by name for its start, and once more") {
            $0.remove { $0.build == "1" && $0.method == "GET" }
            $0.post(1, at: 7, status: 409)
            $0.read(1, at: 7.1)
            $0.read(1, at: 8)
        },
        Planted("failed just before it ended") {
            $0.setStatus(6, "FAILURE", "Build failed to start after 5 retries: 500")
            for second in 0..<6 { $0.post(6, at: 10 + 2 * Double(second), status: 500, fault: "rule 4 status-500") }
        },
        Planted("parked twice") {
            $0.evidence.parked.append($0.evidence.parked[0])
        },
        Planted("a duplicate that was avoided") { $0.post(1, at: 9, status: 409) },
        Planted("published twice because the first was not confirmed") {
            $0.evidence.published.insert(
                PublishRecord(t: 1000, job: .start, build: 1, image: "fate/running:1", isConfirmed: false), at: 0)
        },
        Planted("a worker killed on purpose") {
            $0.evidence.workers.append(WorkerRecord(t: 1050, worker: 1, event: .killed))
        },
        Planted("the original's queues have no parking") {
            $0.evidence.settings.layout = .upstream
            $0.evidence.parked = []
        },
    ]

    @Test(arguments: allowed)
    func whatIsAllowedIsNoViolation(planted: Planted) {
        var recording = Recording()
        planted.plant(&recording)
        #expect(recording.violations == [])
    }

    @Test func theReportShowsTheBuildsWholeHistory() {
        var recording = Recording()
        recording.setStatus(3, "QUEUED")
        let verdict = Verdict(recording.evidence)
        #expect(!verdict.isGood)
        let text = verdict.description
        for words in [
            "notFailed, build 3", "published start of fate/bad-image:1", "-> 201, created", "fault 1 began: refused",
            "pod 3-a deleted",
        ] {
            #expect(text.contains(words), "\(words) is not in:\n\(text)")
        }
        #expect(
            text.contains("lost") && text.contains("duplicates avoided (409)")
                && text.contains("Kubernetes refuses all"))
    }
}
