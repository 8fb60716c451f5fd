import ChaosModel
import Foundation

/// The evidence of a small run in which every promise was kept, to be spoilt by tests.
///
/// Build 1 begins, 2 begins after a while, 3 has a bad image, 4 is refused to its end, 5 was aborted, 6 is a short one.
struct Recording {
    var evidence: Evidence
    static let began = 1000.0

    init() {
        let images = [1: "running", 2: "slow-3", 3: "bad-image", 4: "refuse-always", 5: "running", 6: "short"]
        var published = images.sorted { $0.key < $1.key }.map { build, fate in
            PublishRecord(
                t: Self.began + Double(build), job: .start, build: build, image: "fate/\(fate):1", isConfirmed: true)
        }
        for (build, t) in [(3, 4.5), (4, 14.5), (5, 7), (6, 6.6)] {
            published.append(PublishRecord(t: Self.began + t, job: .stop, build: build, isConfirmed: true))
        }
        published.append(PublishRecord(t: Self.began + 8, job: .rubbish, body: Data("{".utf8), isConfirmed: true))
        self.evidence = Evidence(
            settings: ChaosSettings(seed: 1, builds: 6, faults: 1, workers: 1, layout: .quorum), published: published,
            faults: [
                FaultRecord(
                    t: Self.began + 3, number: 1, kind: .kubernetesRefusal, phase: .began, text: "refused", rule: 9),
                FaultRecord(t: Self.began + 5, number: 1, kind: .kubernetesRefusal, phase: .over, text: "refused"),
            ],
            workers: [
                WorkerRecord(t: Self.began, worker: 1, event: .started),
                WorkerRecord(t: Self.began + 90, worker: 1, event: .drained, code: 0),
            ],
            queues: [false, true].map { isAfter in
                QueueRecord(
                    t: Self.began + 90, isAfterWorkers: isAfter,
                    queues: [
                        .init(name: "builds", ready: 0, unacked: 0), .init(name: "builds.parked", ready: 1, unacked: 0),
                    ])
            },
            parked: [ParkedMessage(body: Data("{".utf8), reason: "malformed-json")],
            reports: [
                ReportRecord(worker: 1, kind: "build-failed", build: 4),
                ReportRecord(worker: 1, kind: "retried", build: 6),
            ], journal: [],
            state: ClusterState(
                pods: [
                    .init(name: "1-a", build: "1", phase: "Running", deleted: false),
                    .init(name: "2-a", build: "2", phase: "Running", deleted: false),
                    .init(name: "3-a", build: "3", phase: "Pending", deleted: true),
                    .init(name: "5-a", build: "5", phase: "Running", deleted: true),
                    .init(name: "6-a", build: "6", phase: "Succeeded", deleted: true),
                ],
                builds: [
                    "1": .init(status: "RUNNING"), "2": .init(status: "RUNNING"),
                    "3": .init(
                        status: "FAILURE",
                        statusMessage: "Build failed to start. Please check if your image is valid. manifest unknown",
                        ended: .init(by: .client, t: Self.began + 4.2)),
                    "4": .init(
                        status: "FAILURE", statusMessage: "Build failed to start after 5 retries: 500",
                        ended: .init(by: .client, t: Self.began + 14.2)),
                    "5": .init(status: "ABORTED", ended: .init(by: .control, t: Self.began + 6.9)),
                    "6": .init(status: "SUCCESS", ended: .init(by: .launcher, t: Self.began + 6.5)),
                ]),
            end: RunEnd(hangs: nil, began: Self.began, ended: Self.began + 91, redelivered: 0, secrets: ["secret"]),
            logsWithSecrets: [])
        self.create(1, at: 1)
        self.list(1, at: 7)
        self.create(2, at: 2)
        self.list(2, at: 8)
        self.create(3, at: 3)
        self.list(3, at: 4)
        for attempt in 0..<6 { self.post(4, at: 4 + 2 * Double(attempt), status: 500, fault: "image refuse-always") }
        self.delete(3, at: 4.6)
        self.create(5, at: 5)
        self.delete(5, at: 7)
        self.create(6, at: 6)
        self.delete(6, at: 6.8)
    }

    // MARK: What happens in it; times are seconds from the beginning

    mutating func request(
        _ build: Int, at t: Double, _ method: String, _ path: String, status: Int?, effect: String = "none",
        fault: String? = nil,
        pod: String? = nil
    ) {
        self.evidence.journal.append(
            JournalRecord(
                seq: self.evidence.journal.count + 1, t: Self.began + t, listener: "kubernetes", method: method,
                path: "/api/v1/namespaces/builds/\(path)", status: status, build: String(build), pod: pod,
                effect: effect, fault: fault))
    }

    mutating func post(_ build: Int, at t: Double, status: Int?, fault: String? = nil) {
        self.request(build, at: t, "POST", "pods", status: status, fault: fault)
    }

    mutating func create(_ build: Int, at t: Double, pod: String? = nil) {
        self.request(build, at: t, "POST", "pods", status: 201, effect: "created", pod: pod ?? "\(build)-a")
    }

    mutating func delete(_ build: Int, at t: Double) {
        self.request(build, at: t, "DELETE", "pods/\(build)-a", status: 200, effect: "deleted:1")
    }

    /// A look by name; where there is no pod, nobody can say whose it would be.
    mutating func read(_ build: Int, at t: Double, status: Int? = 200, fault: String? = nil) {
        self.request(build, at: t, "GET", "pods/\(build)-a/status", status: status, fault: fault, pod: "\(build)-a")
    }

    mutating func put(_ build: Int, at t: Double, _ status: String, code: Int) {
        self.evidence.journal.append(
            JournalRecord(
                seq: self.evidence.journal.count + 1, t: Self.began + t, listener: "api", method: "PUT",
                path: "/v4/builds/\(build)", status: code,
                build: String(build), body: .init(status: status)))
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
        self.evidence.state = ClusterState(
            pods: self.evidence.state.pods.filter { $0.build != String(build) }, builds: self.evidence.state.builds)
    }

    /// - Parameter message: of a build that a worker failed.
    mutating func setStatus(_ build: Int, _ status: String, _ message: String? = nil) {
        let end = message.map { _ in ClusterState.End(by: .client, t: Self.began + 20) }
        self.evidence.state.builds[String(build)] = .init(status: status, statusMessage: message, ended: end)
        if end != nil { self.removeFromCluster(build) }
    }

    private mutating func removeFromCluster(_ build: Int) {
        for index in self.evidence.state.pods.indices where self.evidence.state.pods[index].build == String(build) {
            self.evidence.state.pods[index].deleted = true
        }
    }

    /// The pods that the cluster knows, in addition.
    mutating func addPod(_ build: Int, name: String, deleted: Bool = false) {
        self.evidence.state = ClusterState(
            pods: self.evidence.state.pods + [
                .init(name: name, build: String(build), phase: "Running", deleted: deleted)
            ],
            builds: self.evidence.state.builds)
    }

    var violations: [Violation] { Checker(self.evidence).violations() }
    var kinds: [Violation.Kind] { self.violations.map(\.kind) }
}
