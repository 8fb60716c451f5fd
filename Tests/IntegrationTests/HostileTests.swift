import Foundation
import TestSupport
import Testing

extension Integration {
    /// scripts/hostile's own program: what is planted it has to find, with a worker that really runs.
    @Suite(.simulatedClusterOnly("the judge")) struct HostileTests {
        @Test(arguments: [
            ("crash", "pipelining", "died: 1 ended by themselves, exit code 137"),
            ("leak", "strangers", "secretShown: hostile-build-toke… stands in strangers-1.out"),
            ("open-names", "strangers", "attack: a stranger's name was answered HTTP/1.1 200 OK"),
            ("outside", "caches", "outsideTouched: /victim/canary was precious"),
            ("lost-message", "messages", "lost: 1 messages are nowhere"),
        ])
        func theJudgeFindsWhatIsPlanted(weakness: String, attack: String, words: String) async throws {
            let evidence = Surroundings.directory.appendingPathComponent(Surroundings.newName("hostile")).path
            let run = try ChildProcess(
                Surroundings.binaries.appendingPathComponent("hostile"),
                [
                    "--seed", "7", "--quick", "--messages", "60", "--plant", weakness, "--only", attack, "--memory",
                    "512", "--evidence", evidence,
                ],
                environment: [
                    "BUILD_WORKER_BIN_PATH": Surroundings.binaries.path,
                    "BUILD_WORKER_SOURCE_ROOT": Surroundings.sourceRoot.path,
                ])
            let code = try await run.waitForExit(within: .seconds(240))
            #expect(code == 1, "\(run.errors.suffix(1000))")
            #expect(run.output.contains("\(attack): \(words)"), "\(run.output.suffix(2000))")
        }
    }
}
