import BuildWorker
import Clients
import Support
import Testing
import Workflow

@Suite struct BuildMessageDecodingTests {
    @Test func readsAStart() throws {
        let build = try start([:])
        #expect(build.buildID == BuildID(rawValue: 700_123))
        #expect(build.jobID == "3301")
        #expect(build.jobName == "PR-7:compile")
        #expect(build.eventID == "5150")
        #expect(build.pipelineID == "42")
        #expect(build.pipelineName == "river/delta")
        #expect(build.templateName == "river/swift_build")
        #expect(build.templateVersion == "1.4.0")
        #expect(build.pullRequestNumber == "7")
        #expect(build.container == "swift:6.2")
        #expect(build.apiURI == "https://api.builds.test")
        #expect(build.token?.exposed == "s3cret")
        #expect(build.annotations == ["screwdriver.cd/cpu": "HIGH"])
    }

    @Test(arguments: PodFixture.own)
    func readsEveryFixture(_ fixture: PodFixture) throws {
        let message = try BuildMessage(decoding: fixture.message.serialized())
        #expect(message.document == fixture.message)
    }

    @Test func doesWithLittle() throws {
        let message = try BuildMessage(
            decoding: [
                "job": "start", "buildConfig": ["buildId": 1, "container": "a", "apiUri": "http://b", "token": "c"],
            ])
        guard case .start(let build) = message.job else { return #expect(Bool(false)) }
        #expect(build.jobID == nil && build.pipelineID == nil && build.templateName == nil)
        #expect(build.annotations == [:])
    }

    @Test(
        arguments: [
            (1, 1), ("1", 1), ("007", 7), (.number("8.0"), 8), (.number("9223372036854775807"), Int.max),
            ("9223372036854775807", Int.max),
        ] as [(JSONValue, Int)])
    func readsBuildIDs(_ id: JSONValue, _ number: Int) throws {
        #expect(try start(["buildId": id]).buildID.rawValue == number)
    }

    @Test(
        arguments: [
            0, -1, .number("-0"), .number("1.5"), .number("9223372036854775808"), .number("1e30"), .number("1e999"),
            "0", "-1", "+1", " 1", "1.0",
            "1e3", "abc", "٣", "9223372036854775808", "123456789012345678901234567890", true, [], [:], [1],
        ] as [JSONValue], ["start", "stop", "verify"])
    func refusesBuildIDs(_ id: JSONValue, _ job: String) {
        #expect(problem(changing: ["buildId": id], job: job) == .fields(missing: [], invalid: ["buildConfig.buildId"]))
    }

    @Test(
        arguments: [
            (3301, "3301"), ("3301", "3301"), (.number("3301.0"), "3301"), (nil, nil), ("", nil),
            (.number("123456789012345678901234567890"), "123456789012345678901234567890"), ("a-b", "a-b"),
        ] as [(JSONValue, String?)])
    func readsOtherIDs(_ id: JSONValue, _ text: String?) throws {
        let build = try start(["jobId": id, "eventId": id, "pipeline": ["id": id], "prNum": id])
        #expect([build.jobID, build.eventID, build.pipelineID, build.pullRequestNumber] == [text, text, text, text])
    }

    /// By field: what fits, and what the error says of one more byte. A build is stopped whatever is in the rest of its message.
    @Test(arguments: [
        ("jobId", 255), ("eventId", 255), ("prNum", 255), ("pipeline.id", 255), ("jobName", 2048),
        ("pipeline.name", 2048), ("template.fullName", 2048),
        ("template.version", 2048), ("container", 2048), ("apiUri", 2048), ("token", 16_384), ("annotations", 16_384),
    ])
    func textsHaveALongestLength(field: String, limit: Int) throws {
        func change(_ length: Int) -> JSONValue {
            let text =
                field == "apiUri"
                ? "http://a/" + String(repeating: "a", count: length - 9) : String(repeating: "7", count: length)
            let value: JSONValue = field == "annotations" ? ["k": .string(text)] : .string(text)
            let names = field.split(separator: ".").map(String.init)
            return names.count == 1
                ? .object([.init(names[0], value)]) : .object([.init(names[0], .object([.init(names[1], value)]))])
        }
        _ = try start(change(limit))
        #expect(
            problem(changing: change(limit + 1), job: "start")
                == .fields(missing: [], invalid: ["buildConfig.\(field) (longer than \(limit) bytes)"]))
        #expect(problem(changing: change(limit + 1), job: "stop") == nil)
    }

    @Test(arguments: ["jobId", "eventId", "jobName", "prNum", "annotations"], [true, [1], 1] as [JSONValue])
    func refusesFieldsThatMakeNoSense(_ name: String, _ value: JSONValue) {
        let change = JSONValue.object([.init(name, value)])
        let isText = value == 1 && name != "annotations"
        #expect(problem(changing: change) == (isText ? nil : .fields(missing: [], invalid: ["buildConfig.\(name)"])))
        // Not needed to find a pod.
        #expect(problem(changing: change, job: "stop") == nil)
        #expect(problem(changing: change, job: "verify") == nil)
    }

    @Test(arguments: [
        ("http://a", "http://a"), ("https://a/", "https://a"), ("https://a///", "https://a"),
        ("https://a:8443/base/", "https://a:8443/base"),
        ("HTTPS://a", "HTTPS://a"), ("http://[::1]:80", "http://[::1]:80"),
    ])
    func readsAddresses(_ text: String, _ address: String) throws {
        #expect(try start(["apiUri": .string(text)]).apiURI == address)
    }

    @Test(
        arguments: [
            "a", "a.b/c", "ftp://a", "http:/a", "http://", "http:///", "http:///v4", "http://:80", "://a",
            "javascript://a", "http://a b", "http://a\n",
            "http://é", " http://a", "http://a?b", "http://a#b", 5, true, ["http://a"], [:],
        ] as [JSONValue])
    func refusesAddresses(_ value: JSONValue) {
        #expect(problem(changing: ["apiUri": value]) == .fields(missing: [], invalid: ["buildConfig.apiUri"]))
    }

    @Test func tellsEverythingAtOnce() {
        #expect(
            problem(["job": "start", "buildConfig": [:]])
                == .fields(
                    missing: ["buildId", "container", "apiUri", "token"].map { "buildConfig.\($0)" }, invalid: []))
        let change: JSONValue = [
            "buildId": 0, "container": "", "apiUri": "x", "token": nil, "pipeline": ["id": []],
            "template": ["version": [:]],
        ]
        let problem = problem(changing: change)
        #expect(
            problem
                == .fields(
                    missing: ["buildConfig.container", "buildConfig.token"],
                    invalid: [
                        "buildConfig.buildId", "buildConfig.apiUri", "buildConfig.pipeline.id",
                        "buildConfig.template.version",
                    ]))
        #expect(problem?.reason == "missing-field")
        #expect(
            problem?.description
                == "missing: buildConfig.container, buildConfig.token; invalid: buildConfig.buildId, buildConfig.apiUri, buildConfig.pipeline.id, buildConfig.template.version"
        )
    }

    @Test(arguments: ["stop", "verify"])
    func stopsAndVerifiesWithABuildOnly(_ job: String) throws {
        let message = try BuildMessage(decoding: ["job": .string(job), "buildConfig": ["buildId": 5]])
        switch message.job {
        case .stop(let build), .verify(let build):
            #expect(build.buildID.rawValue == 5)
            #expect(build.apiURI == nil && build.token == nil && build.container == nil)
        case .start, .clear: Issue.record("\(message)")
        }
        #expect(
            problem(["job": .string(job), "buildConfig": [:]]) == .fields(missing: ["buildConfig.buildId"], invalid: [])
        )
    }

    @Test func keepsWhatAVerifyBrings() throws {
        let message = try BuildMessage(decoding: Self.start.setting("job", "verify"))
        guard case .verify(let build) = message.job else { return #expect(Bool(false)) }
        #expect(build.apiURI == "https://api.builds.test")
        #expect(build.token?.exposed == "s3cret")
    }

    @Test(arguments: [
        ("", "empty-body"), (" ", "malformed-json"), ("{", "malformed-json"), ("{} {}", "malformed-json"),
        ("null", "not-an-object"),
        ("[]", "not-an-object"), ("\"start\"", "not-an-object"), ("5", "not-an-object"), ("{}", "missing-field"),
        (#"{"job":null}"#, "missing-field"),
        (#"{"job":""}"#, "missing-field"), (#"{"job":5}"#, "invalid-field"), (#"{"job":"Start"}"#, "unknown-job"),
        (#"{"job":"restart"}"#, "unknown-job"),
        (#"{"job":"start"}"#, "missing-field"), (#"{"job":"start","buildConfig":null}"#, "missing-field"),
        (#"{"job":"start","buildConfig":"s3cret"}"#, "invalid-field"),
        (#"{"job":"stop","buildConfig":[]}"#, "invalid-field"),
        (#"{"job":"stop","cacheConfig":{"buildId":1}}"#, "missing-field"), (#"{"job":"clear"}"#, "missing-field"),
    ])
    func refusesBodies(_ body: String, _ reason: String) {
        let error = #expect(throws: BuildMessageError.self) { try BuildMessage(decoding: Array(body.utf8)) }
        #expect(error?.reason == reason)
        #expect(error?.description.isEmpty == false)
    }

    @Test func refusesMonsters() {
        let deep = String(repeating: "{\"a\":", count: 100_000)
        let binary = [UInt8]((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 37) })
        let notUTF8 = Array(#"{"job":"start","#.utf8) + [0x22, 0xFF, 0x22]
        for body in [Array(deep.utf8), binary, notUTF8, [0]] {
            let error = #expect(throws: BuildMessageError.self) { try BuildMessage(decoding: body) }
            #expect(error?.reason == "malformed-json")
        }
    }

    @Test func readsTenMegabytes() throws {
        let filler = JSONValue.string(String(repeating: "x", count: 10_000_000))
        let message = try BuildMessage(decoding: Self.start.setting("filler", filler).serialized())
        #expect(message.document["filler"] == filler)
        #expect(throws: BuildMessageError.self) {
            try BuildMessage(decoding: [UInt8](repeating: 0x20, count: 10_000_000))
        }
    }

    /// The token is in the payload; nothing that is printed may hold a part of it.
    @Test(arguments: [
        #"{"job":"s3cret"}"#, #"{"job":"start","buildConfig":{"token":"s3cret"}}"#, #"{"token":"s3cret","#,
        #"{"s3cret""#, #"["s3cret"]"#,
        #"{"job":"start","buildConfig":{"buildId":"s3cret","container":["s3cret"],"apiUri":"s3cret","token":{"s3cret":1}}}"#,
        #"{"job":"clear","cacheConfig":{"resource":"s3cret","action":"s3cret","scope":"s3cret","prefix":"/s3cret","pipelineId":"/s3cret","id":[]}}"#,
    ])
    func printsNoValues(_ body: String) {
        let error = #expect(throws: BuildMessageError.self) { try BuildMessage(decoding: Array(body.utf8)) }
        #expect(error?.description.contains("s3cret") == false)
        #expect(String(reflecting: error).contains("s3cret") == false)
    }

    @Test func hidesTheTokenWhenPrinted() throws {
        let message = try BuildMessage(decoding: Self.start.serialized())
        #expect("\(message)" == "start of build 700123")
        var dumped = ""
        dump(message, to: &dumped)
        #expect(!dumped.contains("s3cret"))
        #expect(!String(reflecting: message).contains("s3cret"))
    }

    @Test func becomesAVerifyAndLosesNothing() throws {
        let text =
            #"{"zeta":1.50,"job":"start","buildConfig":{"buildId":"5","container":"a","apiUri":"http://b/","token":"c","x":null},"a":[]}"#
        let message = try BuildMessage(decoding: Array(text.utf8))
        #expect(message.asVerify().text() == text.replacing("start", with: "verify"))
        #expect(try BuildMessage(decoding: message.asVerify().serialized()).asVerify() == message.asVerify())
    }

    private static let start: JSONValue = [
        "job": "start",
        "buildConfig": [
            "buildId": 700_123, "eventId": 5150, "jobId": 3301, "jobName": "PR-7:compile", "prNum": 7,
            "unknown": ["kept": true],
            "annotations": ["screwdriver.cd/cpu": "HIGH"], "pipeline": ["id": 42, "name": "river/delta"],
            "container": "swift:6.2",
            "template": ["fullName": "river/swift_build", "version": "1.4.0"], "apiUri": "https://api.builds.test/",
            "token": "s3cret",
        ],
    ]

    private func start(_ change: JSONValue) throws -> BuildConfig {
        let message = try BuildMessage(decoding: Self.start.changingBuild(change))
        guard case .start(let build) = message.job else { throw PodFixture.NotAStart() }
        return build
    }

    private func problem(_ message: JSONValue) -> BuildMessageError? {
        do {
            _ = try BuildMessage(decoding: message)
            return nil
        } catch { return error }
    }

    private func problem(changing change: JSONValue, job: String = "start") -> BuildMessageError? {
        problem(Self.start.changingBuild(change).setting("job", .string(job)))
    }
}

extension BuildMessage {
    fileprivate init(decoding message: JSONValue) throws(BuildMessageError) {
        try self.init(decoding: message.serialized())
    }
}

extension JSONValue {
    fileprivate func setting(_ name: String, _ value: JSONValue) -> JSONValue {
        var copy = self
        copy[name] = value
        return copy
    }

    fileprivate func changingBuild(_ change: JSONValue) -> JSONValue {
        var build = self["buildConfig"] ?? [:]
        for member in change.members ?? [] { build[member.name] = member.value }
        return self.setting("buildConfig", build)
    }
}
