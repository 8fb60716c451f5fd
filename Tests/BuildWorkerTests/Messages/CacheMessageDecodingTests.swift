import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

@Suite struct CacheMessageDecodingTests {
    private static let readable: [(JSONValue, CacheConfig)] = [
        ([:], CacheConfig(scope: .jobs, prefix: "", pipelineID: "42", id: "3301")),
        (["scope": "events", "id": "5150"], CacheConfig(scope: .events, prefix: "", pipelineID: "42", id: "5150")),
        (["scope": "pipelines"], CacheConfig(scope: .pipelines, prefix: "", pipelineID: "42", id: "42")),
        (["scope": "pipelines", "id": nil], CacheConfig(scope: .pipelines, prefix: "", pipelineID: "42", id: "42")),
        (
            ["scope": "pipelines", "pipelineId": "42"],
            CacheConfig(scope: .pipelines, prefix: "", pipelineID: "42", id: "42")
        ),
        (["prefix": "blue-"], CacheConfig(scope: .jobs, prefix: "blue-", pipelineID: "42", id: "3301")),
        (["prefix": nil], CacheConfig(scope: .jobs, prefix: "", pipelineID: "42", id: "3301")),
        (["buildClusters": ["east-1"]], CacheConfig(scope: .jobs, prefix: "", pipelineID: "42", id: "3301")),
    ]

    @Test(arguments: Self.readable)
    func reads(_ change: JSONValue, _ config: CacheConfig) throws {
        guard case .clear(let read) = try BuildMessage(decoding: message(change)).job else {
            return #expect(Bool(false))
        }
        #expect(read == config)
    }

    @Test(arguments: ["", ".", "..", "../42", "a/b", "/", "42/", "a\u{0}b", "a..b", "a\nb"])
    func refusesPaths(_ text: String) {
        for field in ["prefix", "pipelineId", "id"] where !(field == "prefix" && text.isEmpty) {
            let path = ["cacheConfig.\(field)"]
            let expected: BuildMessageError =
                text.isEmpty ? .fields(missing: path, invalid: []) : .fields(missing: [], invalid: path)
            #expect(throws: expected) { try BuildMessage(decoding: message(.object([.init(field, .string(text))]))) }
        }
    }

    @Test(
        arguments: [
            (["resource": "cache"], "resource"), (["action": "read"], "action"), (["scope": "all"], "scope"),
            (["scope": "Jobs"], "scope"),
            (["scope": 1], "scope"), (["prefix": 1], "prefix"), (["pipelineId": true], "pipelineId"),
            (["pipelineId": [:]], "pipelineId"), (["id": []], "id"),
        ] as [(JSONValue, String)])
    func refuses(_ change: JSONValue, _ field: String) {
        #expect(throws: BuildMessageError.fields(missing: [], invalid: ["cacheConfig.\(field)"])) {
            try BuildMessage(decoding: message(change))
        }
    }

    @Test func tellsEverythingAtOnce() {
        let fields = ["resource", "action", "scope", "pipelineId", "id"].map { "cacheConfig.\($0)" }
        #expect(throws: BuildMessageError.fields(missing: fields, invalid: [])) {
            try BuildMessage(decoding: Array(#"{"job":"clear","cacheConfig":{}}"#.utf8))
        }
    }

    private func message(_ change: JSONValue) -> [UInt8] {
        var cache: JSONValue = [
            "resource": "caches", "action": "delete", "scope": "jobs", "prefix": "", "pipelineId": 42, "id": 3301,
        ]
        for member in change.members ?? [] { cache[member.name] = member.value }
        let message: JSONValue = ["job": "clear", "cacheConfig": cache]
        return message.serialized()
    }
}
