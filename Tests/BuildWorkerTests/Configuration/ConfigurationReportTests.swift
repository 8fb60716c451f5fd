import Testing

@testable import BuildWorker
@testable import Support

@Suite struct ConfigurationReportTests {
    @Test func tableIsAligned() throws {
        let table = try ConfigurationFixture.load([
            "RABBITMQ_BUILD_INIT_TIMEOUT": "0.5", "RABBITMQ_CA_FILE": "a\nb", "K8S_TOKEN": "abc",
            "K8S_ANNOTATIONS": #"{"a":"b"}"#,
        ]).report.table
        let lines = table.split(separator: "\n")
        #expect(lines.count == Setting.all.count + 1)
        let header = try #require(lines.first)
        #expect(
            header.split(separator: " ", omittingEmptySubsequences: true) == ["VARIABLE", "KEY", "ORIGIN", "VALUE"])
        func line(_ variable: String) throws -> [Substring] {
            try #require(lines.first { $0.hasPrefix("\(variable) ") }).split(separator: /\s{2,}/, maxSplits: 3)
        }
        #expect(
            try line("RABBITMQ_BUILD_INIT_TIMEOUT") == [
                "RABBITMQ_BUILD_INIT_TIMEOUT", "rabbitmq.initTimeout", "variable RABBITMQ_BUILD_INIT_TIMEOUT",
                "0.5 min",
            ])
        #expect(try line("RABBITMQ_PASSWORD") == ["RABBITMQ_PASSWORD", "rabbitmq.password", "default", "<redacted>"])
        #expect(try line("K8S_TOKEN").last == "<redacted>")
        #expect(try line("RABBITMQ_CA_FILE").last == #""a\nb""#)
        #expect(try line("K8S_LIFECYCLE_HOOKS").last == "(none)")
        #expect(try line("EXECUTOR_PREFIX").last == #""""#)
        #expect(try line("K8S_ANNOTATIONS").last == #"{"a":"b"}"#)
        let column = header.count - "VALUE".count
        for line in lines.dropFirst() {
            let characters = Array(line)
            #expect(characters[column] != " " && characters[column - 2] == " " && characters[column - 1] == " ")
        }
    }

    @Test func documentHasTypedValues() throws {
        let document = try ConfigurationFixture.load(["RABBITMQ_PORT": "5674"]).report.document
        let settings = try #require(document["settings"]?.array)
        #expect(settings.count == Setting.all.count)
        func setting(_ key: String) -> JSONValue? { settings.first { $0["key"]?.string == key } }
        #expect(
            setting("rabbitmq.port")
                == [
                    "key": "rabbitmq.port", "variable": "RABBITMQ_PORT", "value": 5674, "unit": nil,
                    "origin": "variable RABBITMQ_PORT",
                ])
        #expect(setting("rabbitmq.initTimeout")?["unit"] == "min")
        #expect(
            setting("rabbitmq.connectOptions")?["value"] == [
                "heartbeatIntervalInSeconds": 20, "reconnectTimeInSeconds": 30,
            ])
        #expect(setting("executor.k8s.options.kubernetes.privileged")?["value"] == false)
        #expect(setting("executor.k8s.options.kubernetes.token")?["value"] == JSONValue.null)
        #expect(setting("rabbitmq.password")?["value"] == "<redacted>")
    }
}
