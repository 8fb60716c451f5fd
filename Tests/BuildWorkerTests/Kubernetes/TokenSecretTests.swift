import Foundation
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

@Suite struct TokenSecretTests {
    private static let token = #"to"k$en`\ \#u{FC}"#

    private func pod(_ change: (inout KubernetesOptions) -> Void = { _ in }) throws -> PodManifest {
        var options = KubernetesOptions()
        options.buildToken = .secret
        change(&options)
        let build = BuildConfig(
            buildID: BuildID(rawValue: 4711), jobID: "1", jobName: "main", eventID: "2", pipelineID: "3",
            container: "node:22", apiURI: "http://api",
            token: Secret(Self.token))
        return try PodManifest(build: build, options: options, ecosystem: EcosystemOptions())
    }

    private func container(_ pod: PodManifest) throws -> JSONValue {
        try #require(pod.document[path: "spec", "containers"]?.array?.first)
    }

    @Test func thePodNamesTheSecretAndHasNoToken() throws {
        let pod = try self.pod { $0.prefix = "beta-" }
        #expect(!pod.document.text().contains("to\\\"k"))
        #expect(!pod.document.text().contains("k$en"))
        let variable = try #require(
            try self.container(pod)["env"]?.array?.first { $0["name"]?.string == TokenSecret.variable })
        #expect(variable["valueFrom"] == ["secretKeyRef": ["name": .string(pod.name), "key": "token"]])
    }

    /// The variable goes before the operator's, and the rest of the line is as ever.
    @Test func onlyTheTokenDiffers() throws {
        let (secret, argument) = (
            try self.container(try self.pod()), try self.container(try self.pod { $0.buildToken = .argument })
        )
        let lines = [secret, argument].map { $0["args"]?.array?.first?.string ?? "" }
        #expect(lines[0].hasPrefix(#"/opt/sd/run.sh "$SD_START_TOKEN" "https://api"#))
        #expect(
            lines[0].split(separator: " ").dropFirst(2)
                == lines[1].split(separator: " ").suffix(lines[0].split(separator: " ").count - 2))
        #expect(
            (secret["env"]?.array ?? []).filter { $0["name"]?.string != TokenSecret.variable } == argument["env"]?.array
        )
    }

    /// As the launcher's entry point does: a shell reads the line in the container's environment.
    @Test(arguments: KubernetesOptions.BuildToken.allCases)
    func aShellHandsTheTokenOn(place: KubernetesOptions.BuildToken) throws {
        let line = try #require(
            try self.container(try self.pod { $0.buildToken = place })["args"]?.array?.first?.string)
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", line.replacing("/opt/sd/run.sh", with: "printf '%s\\n'", maxReplacements: 1)]
        shell.environment = [TokenSecret.variable: Self.token, "PATH": "/usr/bin:/bin"]
        let output = Pipe()
        shell.standardOutput = output
        try shell.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        shell.waitUntilExit()
        let words = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(words.first == Self.token)
        #expect(words.dropFirst().first == "https://api.screwdriver.cd")
        #expect(words.dropFirst(4).first == "4711")
    }

    @Test func theJanitorKnowsWhereTheTokenIs() throws {
        let pod = try self.pod()
        let access = try #require(BuildAccess(pod: pod.document))
        #expect(access.token == .inSecret(named: pod.name))
        #expect(access.apiURI == "https://api.screwdriver.cd")
        #expect(
            try BuildAccess(pod: self.pod { $0.buildToken = .argument }.document)?.token == .known(Secret(Self.token)))
    }

    @Test func theSecretAwaitsItsPodUntilItHasOne() throws {
        let secret = TokenSecret(name: "4711-abcde", label: "4711", token: Secret(Self.token))
        let alone = secret.document()
        #expect(alone[path: "metadata", "labels", TokenSecret.awaitsPodLabel] == "true")
        #expect(alone[path: "metadata", "ownerReferences"] == nil)
        #expect(alone["stringData"] == ["token": .string(Self.token)])
        let owner = try #require(PodIdentity(["metadata": ["name": "4711-abcde", "uid": "u-1"]]))
        let reference: JSONValue = [["apiVersion": "v1", "kind": "Pod", "name": "4711-abcde", "uid": "u-1"]]
        #expect(secret.document(owner: owner)[path: "metadata", "ownerReferences"] == reference)
        #expect(secret.document(owner: owner)[path: "metadata", "labels", TokenSecret.awaitsPodLabel] == nil)
        #expect(
            TokenSecret.adoption(by: owner) == [
                "metadata": ["ownerReferences": reference, "labels": ["build-worker/awaits-pod": nil]]
            ])
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("k$en"))
    }

    @Test func aSecretIsOverdueAfterTenMinutesWithoutAnOwner() throws {
        func secret(_ secondsAgo: Double, owner: Bool = false) throws -> KubernetesClient.SecretVersion {
            var metadata: JSONValue = [
                "name": "a", "resourceVersion": "7",
                "creationTimestamp": .string(Self.now.addingTimeInterval(-secondsAgo).formatted(.iso8601)),
            ]
            if owner { metadata["ownerReferences"] = [["uid": "u"]] }
            return try #require(KubernetesClient.SecretVersion(["metadata": metadata]))
        }
        #expect(try !SecretSweep.isOverdue(secret(590), now: Self.now))
        #expect(try SecretSweep.isOverdue(secret(610), now: Self.now))
        #expect(try !SecretSweep.isOverdue(secret(610, owner: true), now: Self.now))
        #expect(KubernetesClient.SecretVersion(["metadata": ["name": "a"]]) == nil)
    }

    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
}
