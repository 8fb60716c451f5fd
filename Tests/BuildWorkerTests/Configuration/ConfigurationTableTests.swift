@testable import BuildWorker
import Foundation
import Testing

/// The table of keys, `default.yaml` and `environment.yaml` say the same.
@Suite struct ConfigurationTableTests {
    static func leaves(_ file: String) throws -> [(key: String, value: JSONValue)] {
        let keys = Set(ConfigurationKey.all.map(\.path))
        func leaves(_ members: [JSONValue.Member], _ prefix: String) -> [(key: String, value: JSONValue)] {
            members.flatMap { member -> [(key: String, value: JSONValue)] in
                let path = prefix + member.name
                guard !keys.contains(path), let below = member.value.members else { return [(path, member.value)] }
                return leaves(below, path + ".")
            }
        }
        return leaves(try ConfigurationFile.read("\(ConfigurationFixture.directory)/\(file)"), "")
    }

    @Test func noKeyIsThereTwice() {
        let paths = ConfigurationKey.all.map(\.path)
        #expect(Set(paths).count == paths.count)
    }

    @Test func theDefaultFileHoldsEveryKey() throws {
        #expect(try Set(Self.leaves("default.yaml").map(\.key)) == Set(ConfigurationKey.all.map(\.path)))
    }

    @Test func everyKeyHasOneVariableAndEveryVariableOneKey() throws {
        let leaves = try Self.leaves("environment.yaml")
        #expect(leaves.map(\.key).sorted() == ConfigurationKey.all.map(\.path).sorted())
        let variables = leaves.compactMap(\.value.string)
        #expect(variables.count == leaves.count)
        #expect(Set(variables).count == variables.count)
    }

    @Test func theDefaultFileSaysWhatTheTypesSay() throws {
        let loaded = try ConfigurationFixture.load()
        #expect(ConfigurationFixture.dump(loaded.configuration) == ConfigurationFixture.dump(WorkerConfiguration()))
        #expect(loaded.notes.isEmpty)
        #expect(loaded.report.rows.allSatisfy { $0.origin == "default" })
    }

    /// A change of any default shows in the dump, else the test above is blind.
    @Test func theDumpTellsConfigurationsApart() throws {
        var other = WorkerConfiguration()
        other.executor.kubernetes.cpu.max = 13
        #expect(ConfigurationFixture.dump(other) != ConfigurationFixture.dump(WorkerConfiguration()))
    }
}
