import Testing

@testable import BuildWorker

@Suite struct PodObservationTests {
    private static func pod(_ status: String, node: String? = nil, labels: String = #"{"sdbuild":"1"}"#, metadata: String = "") throws -> JSONValue {
        let spec = node.map { #"{"nodeName":"\#($0)"}"# } ?? "{}"
        return try JSONValue(parsing: #"{"metadata":{"name":"1-abcde","labels":\#(labels)\#(metadata)},"spec":\#(spec),"status":\#(status)}"#)
    }

    private static func waiting(_ reason: String, phase: String = "Pending", kind: String = "containerStatuses", message: String = "words") -> String {
        #"{"phase":"\#(phase)","\#(kind)":[{"name":"build","state":{"waiting":{"reason":"\#(reason)","message":"\#(message)"}}}]}"#
    }

    @Test(arguments: [
        (#"{"phase":"Pending"}"#, nil, PodObservation.pending(node: nil, waitsFor: "a node")),
        (
            #"{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","message":"0/3 nodes are available"}]}"#, nil,
            .pending(node: nil, waitsFor: "a node: 0/3 nodes are available")
        ),
        (#"{"phase":"Pending"}"#, "n1", .pending(node: "n1", waitsFor: "its containers to start on node n1")),
        (#"{}"#, nil, .pending(node: nil, waitsFor: "a node")),
        (#"{"phase":"Running"}"#, "n1", .running(node: "n1")),
        (#"{"phase":"Succeeded"}"#, "n1", .succeeded(node: "n1")),
        (#"{"phase":"Failed","reason":"Evicted","message":"low on memory"}"#, "n1", .failed(phase: "failed", detail: "Evicted: low on memory")),
        (
            #"{"phase":"Failed","containerStatuses":[{"name":"build","state":{"terminated":{"exitCode":137,"reason":"OOMKilled"}}}]}"#, "n1",
            .failed(phase: "failed", detail: "Container build: exit code 137 (OOMKilled)")
        ),
        (#"{"phase":"Unknown"}"#, nil, .failed(phase: "unknown", detail: "")),
    ])
    func phases(status: String, node: String?, expected: PodObservation) throws {
        #expect(PodObservation(pod: try Self.pod(status, node: node), label: "1") == expected)
    }

    @Test(arguments: ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable"], ["containerStatuses", "initContainerStatuses"])
    func imageErrors(reason: String, kind: String) throws {
        for phase in ["Pending", "Running"] {
            let pod = try Self.pod(Self.waiting(reason, phase: phase, kind: kind), node: "n1")
            #expect(PodObservation(pod: pod, label: "1") == .imageError(detail: "\(reason): words"))
        }
    }

    @Test(arguments: ["CrashLoopBackOff", "CreateContainerConfigError", "CreateContainerError", "RunContainerError", "StartError"], ["containerStatuses", "initContainerStatuses"])
    func containerErrors(reason: String, kind: String) throws {
        let pod = try Self.pod(Self.waiting(reason, kind: kind, message: ""), node: "n1")
        #expect(PodObservation(pod: pod, label: "1") == .containerError(detail: reason))
    }

    @Test(arguments: ["PodInitializing", "ContainerCreating", "SomethingNew"])
    func otherReasonsNeedTime(reason: String) throws {
        let pod = try Self.pod(Self.waiting(reason, message: ""), node: "n1")
        #expect(PodObservation(pod: pod, label: "1") == .pending(node: "n1", waitsFor: "its containers to start on node n1: build (\(reason))"))
    }

    @Test func whoseItIs() throws {
        #expect(PodObservation(pod: try Self.pod(#"{"phase":"Running"}"#, labels: #"{"sdbuild":"2"}"#), label: "1") == .foreign)
        #expect(PodObservation(pod: try Self.pod(#"{"phase":"Running"}"#, labels: "{}"), label: "1") == .foreign)
        #expect(PodObservation(pod: "nonsense", label: "1") == .foreign)
        let deleted = try Self.pod(#"{"phase":"Running"}"#, metadata: #","deletionTimestamp":"2026-01-01T00:00:00Z""#)
        #expect(PodObservation(pod: deleted, label: "1") == .terminating)
    }

    @Test(arguments: [
        ([PodObservation](), PodObservation.absent),
        ([PodObservation.failed(phase: "failed", detail: ""), .running(node: "n1")], PodObservation.running(node: "n1")),
        ([PodObservation.terminating, .pending(node: nil, waitsFor: "x")], PodObservation.pending(node: nil, waitsFor: "x")),
        ([PodObservation.failed(phase: "failed", detail: ""), .imageError(detail: "i")], PodObservation.imageError(detail: "i")),
        ([PodObservation.terminating], PodObservation.terminating),
    ])
    func severalPodsMeanOneThing(pods: [PodObservation], together: PodObservation) { #expect(PodObservation.combining(pods) == together) }
}
