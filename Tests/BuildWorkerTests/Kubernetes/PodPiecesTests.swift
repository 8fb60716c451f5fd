import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

@Suite struct PodPiecesTests {
    @Test(arguments: [
        ("main", "main"), ("river/delta", "river.delta"), ("a b/c", "a.b.c"), ("a. /b", "a..b"), ("--a_b..", "a_b"),
        ("", ""),
        ("///", ""), ("-_.", ""), ("río", "r.o"), ("日本", ""), ("e\u{301}x", "e.x"), ("0.25", "0.25"), ("_é_", ""),
        (String(repeating: "x", count: 64), String(repeating: "x", count: 63)),
        (String(repeating: "x", count: 62) + "--y", String(repeating: "x", count: 62)),
        ("..." + String(repeating: "x", count: 63), String(repeating: "x", count: 63)),
    ])
    func sanitizesLabels(_ text: String, _ label: String) {
        #expect(PodLabels.sanitized(text) == label)
    }

    @Test(arguments: [
        ("PR-1", true), ("PR-15:test", true), ("pr-2", true), ("Pr-3:a_b-c", true), ("PR-", false), ("PR-a", false),
        ("PR-1:", false),
        ("PR-1:a:b", false), ("xPR-1", false), ("PR-1 ", false), ("PR-1\n", false), ("main", false), ("", false),
        ("PR-1:é", false),
    ])
    func tellsPullRequestsByTheirJobName(_ jobName: String, _ isPullRequest: Bool) {
        #expect(CacheDirectories.isPullRequest(jobName: jobName) == isPullRequest)
    }

    @Test(
        arguments: [
            (["prParentJobId": 5], "5"), (["prParentJobId": "5"], "5"), (["prParentJobId": nil], nil), ([:], nil),
            (["prParentJobId": true], nil), (["prParentJobId": ""], nil),
            (["name": "ÿ??>>~~", "prParentJobId": 12_345], "12345"),
        ] as [(JSONValue, String?)])
    func readsTheParentJob(_ claims: JSONValue, _ job: String?) throws {
        #expect(try #require(TokenClaims(Secret(token(claims: claims)))).prParentJobID == job)
    }

    @Test(arguments: [
        "", ".", "..", "a.b", "a.b.c.d", "a.b!.c", "a.bm90IGpzb24.c", "a.WzFd.c", "a..c", "plain", "a.e30=.c",
    ])
    func readsNoClaimsFrom(_ token: String) {
        #expect(TokenClaims(Secret(token)) == nil)
    }

    @Test func readsSizes() throws {
        let annotations = try BuildAnnotations([
            "screwdriver.cd/cpu": "MAX", "screwdriver.cd/ram": 3.0.json, "screwdriver.cd/disk": "high",
            "screwdriver.cd/dockerCpu": 4,
            "screwdriver.cd/dockerRam": "TURBO", "screwdriver.cd/dockerEnabled": true,
            "screwdriver.cd/rootlessBuildkitEnabled": "true",
        ])
        #expect(annotations.cpu == .named(.max))
        #expect(annotations.ram == .whole(3))
        #expect(annotations.disk == nil)
        let docker = try #require(annotations.docker)
        #expect(docker.cpu == nil && docker.ram == .named(.turbo))
        #expect(annotations.buildkit == nil)
    }

    @Test(
        arguments: [
            (0, nil), ("", nil), (nil, nil), (false, nil), (true, 1), (60, 60), ("60", 60), (" 60\n", 60), ("1e2", 100),
            ("0", 0), (" ", 0),
            (-5, -5), (.number("45.5"), 45.5), ("45.5", 45.5),
        ] as [(JSONValue, Double?)])
    func readsTimesAsJavaScriptDoes(_ value: JSONValue, _ minutes: Double?) throws {
        #expect(try BuildAnnotations(["screwdriver.cd/timeout": value]).timeoutMinutes == minutes)
    }

    @Test(
        arguments: [
            ([("screwdriver.cd/cpu", 1), ("beta.screwdriver.cd/cpu", 2)], 2),
            ([("beta.screwdriver.cd/cpu", 2), ("screwdriver.cd/cpu", 1)], 1),
            ([("alpha.screwdriver.cd/cpu", 2)], nil), ([("beta.beta.screwdriver.cd/cpu", 2)], nil), ([("cpu", 2)], nil),
            ([("beta", 2)], nil),
        ] as [([(String, JSONValue)], Double?)])
    func readsNames(_ members: [(String, JSONValue)], _ cores: Double?) throws {
        let annotations = try BuildAnnotations(.object(members.map { .init($0.0, $0.1) }))
        #expect(annotations.cpu == cores.map(BuildAnnotations.Amount.whole))
    }

    @Test(arguments: [.null, [], "text", 5] as [JSONValue])
    func readsNothingFromOtherValues(_ value: JSONValue) throws {
        #expect(try BuildAnnotations(value) == BuildAnnotations([:]))
    }
}

extension Double {
    fileprivate var json: JSONValue { .number("\(self)") }
}
