import ChaosModel
import Foundation

/// The evidence of a small run in which every promise was kept, to be spoilt by tests.
///
/// Build 1 begins, 2 begins after a while, 3 has a bad image, 4 is refused to its end, 5 was stopped.
struct Recording {
    var evidence: Evidence
    static let began = 1000.0

    init() {
        let images = [1: "running", 2: "slow-3", 3: "bad-image", 4: "refuse-always", 5: "running"]
        var published = images.sorted { $0.key < $1.key }.map { build, fate in
            PublishRecord(t: Self.began + Double(build), job: .start, build: build, image: "fate/\(fate):1", isConfirmed: true)
        }
        published.append(PublishRecord(t: Self.began + 7, job: .stop, build: 5, isConfirmed: true))
        published.append(PublishRecord(t: Self.began + 8, job: .rubbish, body: Data("{".utf8), isConfirmed: true))
        self.evidence = Evidence(
            settings: ChaosSettings(seed: 1, builds: 5, faults: 1, workers: 1, layout: .quorum), published: published,
            faults: [
                FaultRecord(t: Self.began + 3, number: 1, kind: .kubernetesRefusal, phase: .began, text: "refused", rule: 9),
                FaultRecord(t: Self.began + 5, number: 1, kind: .kubernetesRefusal, phase: .over, text: "refused"),
            ],
            workers: [
                WorkerRecord(t: Self.began, worker: 1, event: .started), WorkerRecord(t: Self.began + 90, worker: 1, event: .drained, code: 0),
            ],
            queues: [false, true].map { isAfter in
                QueueRecord(
                    t: Self.began + 90, isAfterWorkers: isAfter,
                    queues: [.init(name: "builds", ready: 0, unacked: 0), .init(name: "builds.parked", ready: 1, unacked: 0)])
            },
            parked: [ParkedMessage(body: Data("{".utf8), reason: "malformed-json")], journal: [],
            state: ClusterState(
                pods: [
                    .init(name: "1-a", build: "1", phase: "Running", deleted: false), .init(name: "2-a", build: "2", phase: "Running", deleted: false),
                    .init(name: "3-a", build: "3", phase: "Pending", deleted: false), .init(name: "5-a", build: "5", phase: "Running", deleted: true),
                ],
                builds: [
                    "1": .init(status: "QUEUED"), "2": .init(status: "QUEUED"),
                    "3": .init(status: "FAILURE", statusMessage: "Build failed to start. Please check if your image is valid. manifest unknown"),
                    "4": .init(status: "FAILURE", statusMessage: "Build failed to start after 5 retries: 500"), "5": .init(status: "ABORTED"),
                ]),
            end: RunEnd(hangs: nil, began: Self.began, ended: Self.began + 91, redelivered: 0, secrets: ["secret"]), logsWithSecrets: [])
        self.create(1, at: 1)
        self.list(1, at: 7)
        self.create(2, at: 2)
        self.list(2, at: 8)
        self.create(3, at: 3)
        self.list(3, at: 4)
        for attempt in 0..<6 { self.post(4, at: 4 + 2 * Double(attempt), status: 500, fault: "image refuse-always") }
        self.create(5, at: 5)
        self.request(5, at: 7, "DELETE", "pods?labelSelector=sdbuild%3D5", status: 200, effect: "deleted:1")
    }

    // MARK: What happens in it; times are seconds from the beginning

    mutating func request(
        _ build: Int, at t: Double, _ method: String, _ path: String, status: Int?, effect: String = "none", fault: String? = nil,
        pod: String? = nil
    ) {
        self.evidence.journal.append(
            JournalRecord(
                seq: self.evidence.journal.count + 1, t: Self.began + t, listener: "kubernetes", method: method,
                path: "/api/v1/namespaces/builds/\(path)", status: status, build: String(build), pod: pod, effect: effect, fault: fault))
    }

    mutating func post(_ build: Int, at t: Double, status: Int?, fault: String? = nil) {
        self.request(build, at: t, "POST", "pods", status: status, fault: fault)
    }

    mutating func create(_ build: Int, at t: Double, pod: String? = nil) {
        self.request(build, at: t, "POST", "pods", status: 201, effect: "created", pod: pod ?? "\(build)-a")
    }

    mutating func list(_ build: Int, at t: Double, status: Int? = 200, fault: String? = nil) {
        self.request(build, at: t, "GET", "pods?labelSelector=sdbuild%3D\(build)", status: status, fault: fault)
    }

    /// Takes requests out of the journal, as if they had never been made.
    mutating func remove(where isUnwanted: (JournalRecord) -> Bool) {
        self.evidence.journal.removeAll(where: isUnwanted)
        for index in self.evidence.journal.indices { self.evidence.journal[index].seq = index + 1 }
    }

    mutating func removePods(of build: Int) {
        self.remove { $0.build == String(build) && $0.effect == "created" }
        self.evidence.state = ClusterState(pods: self.evidence.state.pods.filter { $0.build != String(build) }, builds: self.evidence.state.builds)
    }

    mutating func setStatus(_ build: Int, _ status: String, _ message: String? = nil) {
        self.evidence.state.builds[String(build)] = .init(status: status, statusMessage: message)
    }

    /// The pods that the cluster knows, in addition.
    mutating func addPod(_ build: Int, name: String, deleted: Bool = false) {
        self.evidence.state = ClusterState(
            pods: self.evidence.state.pods + [.init(name: name, build: String(build), phase: "Running", deleted: deleted)],
            builds: self.evidence.state.builds)
    }

    var violations: [Violation] { Checker(self.evidence).violations() }
    var kinds: [Violation.Kind] { self.violations.map(\.kind) }
}
