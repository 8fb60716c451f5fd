import Foundation
import Testing

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ
@testable import Support

/// The files and variables of the worker we succeed count as its library has them.
@Suite struct NodeConfigTests {
    /// What `config` 3.3.8 with `js-yaml` 3.14.1 made of files and variables, key by key.
    struct Recorded: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let files: [String: String]
        let environment: [String: String]
        let values: [String: JSONValue]

        init(_ document: JSONValue) {
            func texts(_ name: String) -> [String: String] {
                Dictionary(
                    uniqueKeysWithValues: (document[name]?.members ?? []).map { ($0.name, $0.value.string ?? "") })
            }
            (self.testDescription, self.files, self.environment) = (
                document["name"]?.string ?? "", texts("files"), texts("environment")
            )
            self.values = Dictionary(
                uniqueKeysWithValues: (document["values"]?.members ?? []).map { ($0.name, $0.value) })
        }

        static func all() throws -> [Recorded] {
            let file = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/node-config.json")
            return (try JSONValue(parsing: Data(contentsOf: file)).array ?? []).map(Recorded.init)
        }
    }

    private static func load<Result>(
        _ files: [String: String], _ environment: [String: String] = ["NODE_CONFIG_DIR": "$DIR/a"], file: String? = nil,
        _ body: (LoadedConfiguration, String) throws -> Result
    ) throws -> Result {
        try ConfigurationFixture.withDirectory(files) { directory in
            try body(
                try ConfigurationFixture.load(
                    environment.mapValues { $0.replacing("$DIR", with: directory) },
                    file: file.map { "\(directory)/\($0)" }), directory)
        }
    }

    private static func problems(_ files: [String: String], _ environment: [String: String]) throws
        -> [ConfigurationProblem]
    {
        try ConfigurationFixture.withDirectory(files) { directory in
            ConfigurationFixture.problems(environment.mapValues { $0.replacing("$DIR", with: directory) })
        }
    }

    @Test(arguments: try Recorded.all())
    func filesAndVariablesCountAsRecorded(_ recorded: Recorded) throws {
        try Self.load(recorded.files, recorded.environment) { loaded, _ in
            for row in loaded.report.rows {
                switch row.origin {
                case .default: #expect(recorded.values[row.key] == nil, "\(row.key)")
                case .file, .variable:
                    if row.variable != "HOST" { #expect(row.value == recorded.values[row.key], "\(row.key)") }
                }
            }
        }
    }

    @Test func aFileIsNamedWhereItsValueIsShown() throws {
        try Self.load(["a/local.yaml": "rabbitmq: { queue: local }"]) { loaded, directory in
            #expect(
                loaded.report.rows.first { $0.key == "rabbitmq.queue" }?.origin == .file("\(directory)/a/local.yaml"))
            #expect(
                loaded.notes == ["configuration is read from \(directory)/a/local.yaml"],
                "who mounts nothing and is told of a file knows why")
        }
    }

    /// Keys that only the original's libraries know: one has a meaning here, under the name that is documented.
    @Test func keysOfTheOriginalsLibrariesAreKnown() throws {
        let text =
            "executor: { k8s: { exclusions: [rhel7], options: { fusebox: { breaker: { timeout: 9000, maxFailures: 5 }, retry: { retries: 5 } } } } }"
        try Self.load(["a/local.yaml": text]) { loaded, _ in
            #expect(loaded.configuration.executor.share.exclusions == ["rhel7"])
            #expect(loaded.configuration.executor.kubernetes.requestTimeout == .seconds(9))
            #expect(
                loaded.unused.count == 1 && loaded.unused.first?.contains("fusebox.breaker.maxFailures") == true,
                "\(loaded.unused)")
        }
    }

    /// Above every file that is found, below `NODE_CONFIG` and the variables.
    @Test(arguments: [
        ([:], "given"), (["NODE_CONFIG": #"{"rabbitmq":{"queue":"document"}}"#], "document"),
        (["RABBITMQ_QUEUE": "variable"], "variable"),
    ])
    func theGivenFileIsTheHighestOfTheFiles(_ environment: [String: String], _ queue: String) throws {
        let files = ["a/local.yaml": "rabbitmq: { queue: local }", "given.yaml": "rabbitmq: { queue: given }"]
        try Self.load(files, environment.merging(["NODE_CONFIG_DIR": "$DIR/a"]) { $1 }, file: "given.yaml") {
            loaded, _ in
            #expect(loaded.configuration.rabbitmq.queue == queue)
        }
    }

    /// Without `NODE_CONFIG_DIR`, and beside the delivered defaults, which are not read as somebody's.
    @Test func filesBesideTheDefaultsCount() throws {
        var files = ["local.yaml": "rabbitmq: { queue: local }"]
        for name in ["default.yaml", "environment.yaml"] {
            files[name] = try String(contentsOfFile: "\(ConfigurationFixture.directory)/\(name)", encoding: .utf8)
        }
        try ConfigurationFixture.withDirectory(files) { directory in
            for environment in [[:], ["NODE_CONFIG_DIR": directory], ["NODE_ENV": "environment"]] {
                let loaded = try ConfigurationLoader(directory: directory).load(environment: environment)
                #expect(loaded.configuration.rabbitmq.queue == "local")
                #expect(loaded.report.rows.count { $0.origin != .default } == 1)
            }
        }
    }

    /// Somebody mounted the original's directory whole: its defaults are the operator's, and its map of variables says nothing new.
    @Test func theOriginalsOwnDirectoryIsTaken() throws {
        let defaults = try OriginalDefault.all()
        var document = JSONValue.object([])
        var map = JSONValue.object([])
        for setting in defaults {
            // One that is none of ours is refused, also where something higher up replaces it.
            if setting.key == "executor.plugin", ExecutorOptions.Plugin(rawValue: setting.value?.string ?? "") == nil {
                continue
            }
            if let value = setting.value { document = document.merging(Self.nested(setting.key, value)) }
            map = map.merging(Self.nested(setting.key, .string(setting.variable)))
        }
        document = document.merging([
            "executor": ["k8s": ["pluginName": "k8s", "options": ["kubernetes": ["buildSecretFile": [:]]]]]
        ])
        let files = [
            "a/default.yaml": document.text(indented: true),
            "a/custom-environment-variables.yaml": map.text(indented: true),
        ]
        let environment = [
            "NODE_CONFIG_DIR": "$DIR/a", "EXECUTOR_PLUGIN": "k8s", "K8S_HOST": "https://k8s.test:6443",
            "URI": "http://here", "K8S_TOKEN": "abc", "K8S_BASE_IMAGE": "hyperctl",
        ]
        try Self.load(files, environment) { loaded, directory in
            #expect(loaded.configuration.httpd.port == 80)
            #expect(loaded.configuration.rabbitmq.retryQueueEnabled == false)
            #expect(
                loaded.configuration.executor.sandbox.host == "https://k8s.test:6443",
                "the variable counts for the sandbox too, as its map says")
            #expect(loaded.report.rows.first { $0.key == "httpd.port" }?.origin == .file("\(directory)/a/default.yaml"))
            #expect(loaded.unused.contains { $0.contains("URI") && $0.contains("httpd.uri") })
        }
    }

    private static func nested(_ key: String, _ value: JSONValue) -> JSONValue {
        key.split(separator: ".").reversed().reduce(value) { .object([.init(String($1), $0)]) }
    }

    @Test(
        arguments: [
            (["a/local.js": "module.exports = {}"], "/a/local.js", "write it as YAML"),
            (["a/default.json5": "{}"], "/a/default.json5", "write it as YAML"),
            (["a/custom-environment-variables.ts": ""], "/a/custom-environment-variables.ts", "write it as YAML"),
            (["a/local.json": "{hunter2"], "/a/local.json", "is not valid JSON"),
            (["a/local.yaml": "a: [hunter2"], "/a/local.yaml", "is not valid YAML"),
            (
                ["a/custom-environment-variables.yaml": "- hunter2"], "/a/custom-environment-variables.yaml",
                "must be a map of keys"
            ),
        ] as [([String: String], String, String)])
    func refusesWhatItCannotRead(_ files: [String: String], _ file: String, _ expectation: String) throws {
        let problems = try Self.problems(files, ["NODE_CONFIG_DIR": "$DIR/a"])
        #expect(
            problems.count == 1 && "\(problems)".contains(file)
                && problems.first?.expectation.contains(expectation) == true, "\(problems)")
        #expect(!"\(problems)".contains("hunter2"))
    }

    @Test(
        arguments: [
            (["NODE_CONFIG": "{hunter2"], nil, "must be a JSON object"),
            (["NODE_CONFIG": "[\"hunter2\"]"], nil, "must be a JSON object"),
            (
                ["NODE_CONFIG": #"{"rabbitmq":{"pasword":"hunter2"}}"#], "rabbitmq.pasword",
                "Is rabbitmq.password meant?"
            ),
            (["NODE_CONFIG": #"{"rabbitmq":{"port":"many"}}"#], "rabbitmq.port", "must be a whole number"),
            (["NODE_CONFIG_DIR": "/nowhere:$DIR"], nil, "must be a directory"),
        ] as [([String: String], String?, String)])
    func refusesVariables(_ environment: [String: String], _ key: String?, _ expectation: String) throws {
        let problems = try Self.problems(["x": ""], environment)
        let variable = try #require(environment.keys.first)
        #expect(problems.map(\.key) == [key] && problems.first?.origin == .variable(variable))
        #expect(
            problems.first?.expectation.contains(expectation) == true && !"\(problems)".contains("hunter2"),
            "\(problems)")
    }

    @Test func whereTheOriginalHadItsFilesNothingNeedsToBe() throws {
        #expect(try ConfigurationFixture.load(["NODE_CONFIG_DIR": NodeConfig.original]).notes.isEmpty)
    }

    @Test func aMappedVariableThatSetsNothingIsAProblem() throws {
        let files = ["a/custom-environment-variables.yaml": "rabbitmq: { quue: MY_QUEUE, port: MY_PORT }"]
        #expect(
            try Self.problems(files, ["NODE_CONFIG_DIR": "$DIR/a", "MY_QUEUE": "x", "MY_PORT": "5673"]).map(\.key) == [
                "rabbitmq.quue"
            ])
        #expect(try Self.problems(files, ["NODE_CONFIG_DIR": "$DIR/a", "MY_PORT": "5673"]).isEmpty)
    }
}

/// A setting of the worker we succeed, with its default.
struct OriginalDefault: Sendable, CustomTestStringConvertible {
    let key: String
    let variable: String
    /// `nil` where there is none.
    let value: JSONValue?
    /// What its library takes then.
    let library: JSONValue?
    var testDescription: String { self.key }

    static func all() throws -> [OriginalDefault] {
        let file = try #require(Bundle.module.resourceURL).appendingPathComponent("Fixtures/original-defaults.json")
        return (try JSONValue(parsing: Data(contentsOf: file)).array ?? []).map { row in
            OriginalDefault(
                key: row["key"]?.string ?? "", variable: row["variable"]?.string ?? "",
                value: row["default"].flatMap { $0.isNull ? nil : Optional($0) },
                library: row["library"])
        }
    }
}
