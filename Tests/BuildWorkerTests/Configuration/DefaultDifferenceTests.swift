import Foundation
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

/// Whoever comes from the original is told of every default that is another one here.
@Suite struct DefaultDifferenceTests {
    /// A default that differs and is not in the table would be felt by somebody who was told of none.
    @Test(arguments: try OriginalDefault.all())
    func everyDefaultIsTheSameOrIsNamed(_ original: OriginalDefault) throws {
        guard case .setting(let setting) = KeyTree.place(of: original.key) else {
            // Where the executor is none of ours, or nothing has to be known.
            #expect(
                IgnoredSettings.reason(key: original.key) != nil, "\(original.key) is neither a setting nor ignored")
            return
        }
        let ours = setting.value(try ConfigurationFixture.configuration())
        var theirs: JSONValue = ours
        if let value = original.value ?? original.library {
            var configuration = WorkerConfiguration()
            if original.key == "executor.plugin", ExecutorOptions.Plugin(rawValue: value.string ?? "") == nil {
                theirs = value
            } else {
                try setting.apply(RawValue(value), &configuration)
                theirs = setting.value(configuration)
            }
        } else {
            #expect([.null, .string(""), .array([]), .object([])].contains(ours), "the original sets nothing")
        }
        let difference = DefaultDifference.all.first { $0.key == original.key }
        if theirs == ours {
            // The value is the same: what the table says of it is what it means.
            #expect(difference == nil || difference?.original != RawValue(theirs).plain)
        } else {
            #expect(
                difference?.original == RawValue(theirs).plain && difference?.ours == RawValue(ours).plain,
                "\(original.key): \(theirs) there, \(ours) here")
            #expect(difference?.variable == original.variable)
        }
    }

    @Test(
        arguments: [
            ([:], ["RABBITMQ_MSG_REPROCESS_LIMIT", "RABBITMQ_RETRYQUEUE_ENABLED", "EXECUTOR_PLUGIN", "PORT"]),
            (
                ["PORT": "80", "EXECUTOR_PLUGIN": "k8s"],
                ["RABBITMQ_MSG_REPROCESS_LIMIT", "RABBITMQ_RETRYQUEUE_ENABLED"]
            ),
            (
                [
                    "NODE_CONFIG":
                        #"{"rabbitmq":{"messageReprocessLimit":5,"retryQueueEnabled":true},"httpd":{"port":8080},"executor":{"plugin":"k8s"}}"#
                ], []
            ),
            (
                [
                    "PORT": "80", "EXECUTOR_PLUGIN": "k8s", "RABBITMQ_MSG_REPROCESS_LIMIT": "3",
                    "RABBITMQ_RETRYQUEUE_ENABLED": "on", "WEIGHT_K8S": "1",
                ], ["K8S_EXECUTOR_EXCLUSION"]
            ),
            (
                [
                    "PORT": "80", "EXECUTOR_PLUGIN": "k8s", "RABBITMQ_MSG_REPROCESS_LIMIT": "3",
                    "RABBITMQ_RETRYQUEUE_ENABLED": "on", "WEIGHT_K8S": "1", "K8S_EXECUTOR_EXCLUSION": "[]",
                    "DOCKER_FEATURE_ENABLED": "false",
                ], ["DOCKER_FEATURE_ENABLED"]
            ),
            (
                [
                    "PORT": "80", "EXECUTOR_PLUGIN": "k8s", "RABBITMQ_MSG_REPROCESS_LIMIT": "3",
                    "RABBITMQ_RETRYQUEUE_ENABLED": "on", "DOCKER_FEATURE_ENABLED": "true",
                ], []
            ),
        ] as [([String: String], [String])])
    func namesWhatIsFelt(_ environment: [String: String], _ variables: [String]) throws {
        let loaded = try ConfigurationFixture.load(environment)
        #expect(DefaultDifference.felt(by: loaded).map(\.variable) == variables)
        #expect(
            DefaultDifference.document(loaded)["differences"]?.array?.compactMap { $0["variable"]?.string } == variables
        )
    }

    /// In a file, which the original reads otherwise than a variable.
    @Test func aFilesTruthIsFelt() throws {
        try ConfigurationFixture.withFile(
            "executor: { k8s: { options: { kubernetes: { automountServiceAccountToken: true } } } }"
        ) { file in
            let variable = "K8S_AUTOMOUNT_SERVICE_ACCOUNT_TOKEN"
            for (environment, isFelt) in [([:], true), ([variable: "true"], false)] {
                let felt = DefaultDifference.felt(by: try ConfigurationFixture.load(environment, file: file))
                #expect(felt.contains { $0.variable == variable } == isFelt)
            }
        }
    }

    /// What it says to set is taken, and then it is felt no more.
    @Test(arguments: DefaultDifference.all.map(\.variable))
    func theRemedyIsOne(_ variable: String) throws {
        let difference = try #require(DefaultDifference.all.first { $0.variable == variable })
        let remedy = difference.remedy.split(separator: "=", maxSplits: 1).map(String.init)
        #expect(remedy.first == variable)
        let loaded = try ConfigurationFixture.load([
            "WEIGHT_K8S": "1", "K8S_BASE_IMAGE": "hyperctl", variable: remedy.last ?? "",
        ])
        #expect(!DefaultDifference.felt(by: loaded).contains { $0.variable == variable })
    }

    /// All 17 in one sentence, without their values.
    @Test func variablesOfJenkinsAreNamedOnce() throws {
        let names = """
            HOST PORT USERNAME PASSWORD NODE_LABEL BUILD_TIMEOUT MAX_BUILD_TIMEOUT DOCKER_COMPOSE_COMMAND DOCKER_PREFIX LAUNCH_VERSION DOCKER_MEMORY
            DOCKER_MEMORY_LIMIT BUILD_SCRIPT CLEANUP_SCRIPT CLEANUP_TIME_LIMIT CLEANUP_WATCH_INTERVAL
            """
        let variables =
            names.split(whereSeparator: \.isWhitespace).map { "EXECUTOR_JENKINS_\($0)" } + ["WEIGHT_JENKINS"]
        let loaded = try ConfigurationFixture.load(Dictionary(uniqueKeysWithValues: variables.map { ($0, "hunter2") }))
        #expect(variables.count == 17 && loaded.notes.count == 1 && loaded.notes == loaded.unused)
        for variable in variables { #expect(loaded.notes.first?.contains(variable) == true, "\(variable)") }
    }

    @Test func saysWhatIsSetInVain() throws {
        let text = DefaultDifference.text(
            try ConfigurationFixture.load([
                "EXECUTOR_JENKINS_PASSWORD": "hunter2", "WEIGHT_JENKINS": "1", "URI": "http://hunter2",
            ]))
        #expect(
            text.contains("EXECUTOR_JENKINS_PASSWORD, WEIGHT_JENKINS are ignored") && text.contains("URI is ignored"))
        #expect(
            text.contains("RABBITMQ_RETRYQUEUE_ENABLED (rabbitmq.retryQueueEnabled): false in the original, true here"))
        #expect(!text.contains("hunter2"))
    }
}

extension RawValue {
    fileprivate var plain: String {
        switch self {
        case .text(let text): text
        case .document(let document): document.text()
        }
    }
}
