import Foundation
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

@Suite struct PodSweepTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    private static func text(_ secondsAgo: Double) -> JSONValue {
        .string(now.addingTimeInterval(-secondsAgo).formatted(.iso8601))
    }

    private static func pod(_ phase: String, created: Double, ended: Double? = nil, isTerminating: Bool = false)
        -> JSONValue
    {
        var status: JSONValue = ["phase": .string(phase)]
        if let ended { status["containerStatuses"] = [["state": ["terminated": ["finishedAt": Self.text(ended)]]]] }
        var metadata: JSONValue = ["name": "1-abcde", "creationTimestamp": Self.text(created)]
        if isTerminating { metadata["deletionTimestamp"] = Self.text(1) }
        return ["metadata": metadata, "status": status]
    }

    private static let table: [(JSONValue, PodSweep.Verdict)] = [
        (pod("Running", created: 700), .ask),
        (pod("Succeeded", created: 9000, ended: 100), .keep),
        (pod("Succeeded", created: 9000, ended: 700), .finished),
        (pod("Failed", created: 9000, ended: 700), .finished),
        (pod("Failed", created: 500), .keep),
        (pod("Failed", created: 700), .finished),
        (pod("Running", created: 500), .keep),
        (pod("Pending", created: 700), .ask),
        (pod("Succeeded", created: 9000, ended: 700, isTerminating: true), .keep),
        (["metadata": ["name": "1"], "status": ["phase": "Running"]], .keep),
        ([:], .keep),
    ]

    @Test(arguments: table)
    func whatMayGo(pod: JSONValue, verdict: PodSweep.Verdict) {
        #expect(PodSweep.verdict(pod, now: Self.now, ttl: .seconds(600)) == verdict)
    }

    @Test func onlyOurPodsHaveABuild() {
        let build = BuildID(rawValue: 4711)
        func pod(_ name: String, _ label: String) -> JSONValue {
            ["metadata": ["name": .string(name), "labels": ["sdbuild": .string(label)]]]
        }
        #expect(PodName.build(of: pod(PodName.of(build, prefix: "beta"), "beta4711"), prefix: "beta") == build)
        #expect(PodName.build(of: pod(PodName.of(build, prefix: "beta"), "beta4711"), prefix: "") == nil)
        #expect(PodName.build(of: pod("beta4711-other", "beta4711"), prefix: "beta") == nil)
        #expect(PodName.build(of: [:], prefix: "") == nil)
    }

    @Test func theLaunchersLineIsReadBack() throws {
        let line =
            "/opt/sd/run.sh \"to\\\"k\\$en\\\\\" \"http://api.example.com:9001\" \"http://store\" \"90\" \"4711\" \"http://ui\"\n"
        let access = try #require(
            BuildAccess(pod: ["spec": ["containers": [["args": ["serve"]], ["args": [.string(line)]]]]]))
        #expect(access.token == .known(Secret("to\"k$en\\")))
        #expect(access.apiURI == "http://api.example.com:9001")
        #expect(BuildAccess(pod: ["spec": ["containers": [["args": ["/opt/sd/run.sh \"\" \"x\""]]]]]) == nil)
        #expect(BuildAccess(pod: [:]) == nil)
    }

    @Test func theVMLaunchersArgumentsAreReadBack() throws {
        var options = ExecutorOptions().vm
        options.machine.baseImage = "hyper:1"
        // A value that looks like a name is none.
        let build = BuildConfig(
            buildID: BuildID(rawValue: 4711), eventID: "3", container: "--build_token", apiURI: "http://a",
            token: Secret("to\"k$en\\"))
        let manifest = try PodManifest(build: build, options: options, ecosystem: EcosystemOptions())
        let access = try #require(BuildAccess(pod: manifest.document))
        #expect((access.token, access.apiURI) == (.known(Secret("to\"k$en\\")), "https://api.screwdriver.cd"))
        #expect(PodName.build(of: manifest.document, prefix: "") == build.buildID)
        for args in [
            ["--build_token", "", "--api_uri", "http://a"], ["--build_token", "t", "--api_uri", "a"],
            ["--api_uri", "http://a", "--build_token"], [],
        ] {
            let container: JSONValue = ["command": ["/sd/hyper-runner.sh"], "args": .array(args.map { .string($0) })]
            #expect(BuildAccess(pod: ["spec": ["containers": [container]]]) == nil)
        }
    }
}
