import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

@Suite struct PodManifestTests {
    @Test(arguments: PodFixture.own)
    func isTheFixturesPod(_ fixture: PodFixture) throws {
        #expect(podDifferences(fixture.pod, try fixture.manifest().document) == [])
    }

    @Test func comesFromEveryFixture() { #expect(PodFixture.own.count >= 89) }

    @Test(arguments: PodFixture.own)
    func isTheSameEveryTime(_ fixture: PodFixture) throws {
        #expect(try fixture.manifest().document == fixture.manifest().document)
    }

    @Test(arguments: PodFixture.own)
    func mountsOnlyVolumesOfThePod(_ fixture: PodFixture) throws {
        let spec = try #require(try fixture.manifest().document["spec"])
        let volumes = try #require(spec["volumes"]?.array).compactMap { $0["name"]?.string }
        #expect(Set(volumes).count == volumes.count)
        for container in ["containers", "initContainers"].flatMap({ spec[$0]?.array ?? [] }) {
            for mount in container["volumeMounts"]?.array ?? [] {
                #expect(volumes.contains(try #require(mount["name"]?.string)))
            }
        }
    }

    @Test(arguments: PodFixture.own)
    func isFoundByItsLabel(_ fixture: PodFixture) throws {
        let manifest = try fixture.manifest()
        #expect(manifest.document[path: "metadata", "labels", "sdbuild"]?.string == manifest.label)
        #expect(manifest.document[path: "metadata", "name"]?.string == manifest.name)
    }

    /// By default those of the original, as every fixture has them.
    @Test func imagesBesideTheBuildAreSettings() throws {
        let environment = [
            "K8S_DOCKER_IMAGE": "d.test/dind@sha256:\(String(repeating: "a", count: 64))",
            "K8S_DOCKER_ROOTLESS_IMAGE": "d.test/rootless:1",
            "K8S_BUILDKIT_IMAGE": "d.test/buildkit:1",
        ]
        let images = try PodFixture.own.reduce(into: Set<String>()) { images, fixture in
            let own = PodFixture(fixture, adding: environment)
            images.formUnion(
                (try own.manifest().document["spec"]?["containers"]?.array ?? []).dropFirst().compactMap {
                    $0["image"]?.string
                })
        }
        #expect(images == Set(environment.values))
    }

    /// Objects without an order in Kubernetes still keep one here, so that operators can compare pods as text.
    @Test func keepsAnOrder() throws {
        let fixture = try #require(PodFixture.own.first { $0.name == "labels-from-environment" })
        let labels = try fixture.manifest().document[path: "metadata", "labels"]?.members?.map(\.name)
        #expect(
            labels == [
                "app", "tier", "sdbuild", "screwdriver.cd/pipeline", "screwdriver.cd/job", "screwdriver.cd/cpu",
                "screwdriver.cd/memory", "screwdriver.cd/disk", "example.test/team",
            ])
    }

    @Test func hidesTheTokenWhenPrinted() throws {
        let manifest = try manifest(of: build(token: "s3cret"))
        #expect(manifest.document.text().contains("s3cret"))
        #expect(!"\(manifest)".contains("s3cret"))
        #expect(!String(reflecting: manifest).contains("s3cret"))
        var dumped = ""
        dump(manifest, to: &dumped)
        #expect(!dumped.contains("s3cret"))
    }

    @Test func quotesForTheShell() throws {
        let manifest = try manifest(of: build(token: "a\"b`c$d\\e=f"))
        let command = manifest.document["spec"]?["containers"]?.array?.first?["args"]?.array?.first?.string
        #expect(command?.hasPrefix(#"/opt/sd/run.sh "a\"b\`c\$d\\e=f" "https://api"#) == true)
    }

    @Test func needsAnImageAndAToken() {
        #expect(throws: PodManifestError.missingField("container")) {
            try manifest(of: BuildConfig(buildID: BuildID(rawValue: 1), token: Secret("t")))
        }
        #expect(throws: PodManifestError.missingField("token")) {
            try manifest(of: BuildConfig(buildID: BuildID(rawValue: 1), container: "alpine"))
        }
    }

    /// Never a pod without one, for that would share its node's kernel.
    @Test func aVMNeedsItsImageAndAllThatItsLauncherIsTold() throws {
        var options = ExecutorOptions().vm
        #expect(throws: PodManifestError.noVM) {
            try PodManifest(build: self.build(), options: options, ecosystem: .init())
        }
        #expect("\(PodManifestError.noVM)".contains("K8S_BASE_IMAGE"))
        options.machine.baseImage = "hyper:1"
        let complete = (container: "alpine", token: Secret("t"), eventID: "3")
        #expect(throws: Never.self) { try PodManifest(build: self.build(), options: options, ecosystem: .init()) }
        for missing in ["container", "token", "eventId"] {
            let build = BuildConfig(
                buildID: BuildID(rawValue: 1), eventID: missing == "eventId" ? nil : complete.eventID,
                container: missing == "container" ? nil : complete.container,
                token: missing == "token" ? nil : complete.token)
            #expect(throws: PodManifestError.missingField(missing)) {
                try PodManifest(build: build, options: options, ecosystem: .init())
            }
        }
    }

    @Test(arguments: ["../7", "a/b", "..", ".", "7\u{0}", "/etc", "7\n8"])
    func refusesIDsThatLeaveTheCache(_ id: String) {
        var disk = EcosystemOptions()
        disk.cache.strategy = "disk"
        let fields: [(field: String, build: BuildConfig)] = [
            ("pipeline.id", build(pipelineID: id)), ("jobId", build(jobID: id)), ("eventId", build(eventID: id)),
            ("token.prParentJobId", build(jobName: "PR-1", token: token(claims: ["prParentJobId": .string(id)]))),
        ]
        for (field, build) in fields {
            #expect(throws: PodManifestError.unsafePathComponent(field: field)) {
                try manifest(of: build, ecosystem: disk)
            }
            // No path is made of them where the cache is elsewhere.
            #expect(throws: Never.self) { try manifest(of: build) }
        }
    }

    @Test(
        arguments: ["timeout", "terminationGracePeriodSeconds"],
        ["soon", [:], [1], "0x10", "nan", "1 2"] as [JSONValue])
    func refusesTimesThatAreNoNumbers(_ name: String, _ value: JSONValue) {
        let annotations = JSONValue.object([.init("screwdriver.cd/\(name)", value)])
        #expect(throws: PodManifestError.invalidAnnotation("screwdriver.cd/\(name)")) {
            try manifest(of: build(annotations: annotations))
        }
    }

    /// The original passes all of these on: a limit of 0 is none to Kubernetes.
    @Test(
        arguments: [
            ("cpu", 0, "2000m"), ("cpu", -4, "2000m"), ("cpu", .number("1e300"), "12000m"), ("ram", 0, "2Gi"),
            ("ram", -1, "2Gi"), ("ram", 9999, "16Gi"),
            ("terminationGracePeriodSeconds", 31_536_000, "3600"), ("terminationGracePeriodSeconds", "1e9", "3600"),
            ("terminationGracePeriodSeconds", -5, "60"),
            ("timeout", -5, "1"), ("timeout", "-1e9", "1"), ("timeout", .number("1e-9"), "1"), ("timeout", "0", "1"),
            ("timeout", .number("1e9"), "120"),
        ] as [(String, JSONValue, String)])
    func keepsWhatABuildAsksForWithinBounds(_ name: String, _ value: JSONValue, _ expected: String) throws {
        let build = self.build(annotations: .object([.init("screwdriver.cd/\(name)", value)]))
        let spec = try #require(try self.manifest(of: build).document["spec"])
        let container = try #require(spec["containers"]?.array?.first)
        let found: String? =
            switch name {
            case "cpu": container["resources"]?["limits"]?["cpu"]?.string
            case "ram": container["resources"]?["limits"]?["memory"]?.string
            case "timeout":
                container["args"]?.array?.first?.string?.split(separator: " ").dropFirst(4).first.map {
                    $0.filter { $0 != "\"" }
                }
            default: spec["terminationGracePeriodSeconds"]?.double.map { $0.plainText }
            }
        #expect(found == expected)
    }

    @Test func anOperatorsLongerGracePeriodCounts() throws {
        var options = KubernetesOptions()
        options.terminationGracePeriodSeconds = 7200
        let build = self.build(annotations: ["screwdriver.cd/terminationGracePeriodSeconds": 86_400])
        let spec = try PodManifest(build: build, options: options, ecosystem: EcosystemOptions()).document["spec"]
        #expect(spec?["terminationGracePeriodSeconds"]?.integer == 7200)
    }

    /// The directories above are those of all pipelines, jobs and events, and the launcher makes what it is given everybody's to write.
    @Test(arguments: ["pipeline", "job", "event"])
    func withoutAnIDThereIsNoCache(_ missing: String) throws {
        var disk = EcosystemOptions()
        (disk.cache.strategy, disk.cache.path) = ("disk", "/opt/cache")
        func build(_ missing: String) -> BuildConfig {
            BuildConfig(
                buildID: BuildID(rawValue: 1), jobID: missing == "job" ? nil : "2",
                eventID: missing == "event" ? nil : "3",
                pipelineID: missing == "pipeline" ? nil : "4", container: "alpine", token: Secret("t"))
        }
        for startsVM in missing == "event" ? [false] : [false, true] {
            var options = startsVM ? KubernetesOptions().inherited(by: .vm) : KubernetesOptions()
            options.machine.baseImage = "vm:1"
            func text(_ build: BuildConfig) throws -> String {
                String(
                    decoding: try PodManifest(build: build, options: options, ecosystem: disk).document.serialized(),
                    as: UTF8.self)
            }
            #expect(try text(build("")).contains("sd-pipeline-cache"))
            let pod = try text(build(missing))
            for word in ["/opt/cache/", "sd-pipeline-cache", "chmod", "\"disk\""] {
                #expect(!pod.contains(word), "\(word) startsVM: \(startsVM)")
            }
        }
    }

    @Test func describesErrorsByField() {
        let errors: [(PodManifestError, String, String)] = [
            (.missingField("token"), "missing-field", "the build has no token"),
            (.unsafePathComponent(field: "jobId"), "unsafe-path", "jobId cannot be part of a path"),
            (
                .invalidAnnotation("screwdriver.cd/timeout"), "invalid-annotation",
                "the annotation screwdriver.cd/timeout is not a number"
            ),
            (.noVM, "no-vm", PodManifestError.noVM.description),
        ]
        for (error, reason, description) in errors {
            #expect(error.reason == reason)
            #expect("\(error)" == description)
        }
    }

    private func manifest(of build: BuildConfig, ecosystem: EcosystemOptions = .init()) throws -> PodManifest {
        try PodManifest(build: build, options: KubernetesOptions(), ecosystem: ecosystem)
    }

    private func build(
        jobID: String = "2", jobName: String = "main", eventID: String = "3", pipelineID: String = "4",
        token: String = "t",
        annotations: JSONValue = [:]
    ) -> BuildConfig {
        BuildConfig(
            buildID: BuildID(rawValue: 1), jobID: jobID, jobName: jobName, eventID: eventID, pipelineID: pipelineID,
            container: "alpine", apiURI: "https://api.builds.test", token: Secret(token), annotations: annotations)
    }
}
