import Foundation
import Testing

@testable import BuildWorker

@Suite final class CommandProcessTests: Sendable {
    private let log = FileManager.default.temporaryDirectory.appendingPathComponent("command-\(UUID().uuidString).log")
        .path

    deinit { try? FileManager.default.removeItem(atPath: self.log) }

    private func run(_ script: String, input: String = "", change: (inout CommandOptions) -> Void = { _ in }) async
        -> JobOutcome
    {
        var options = CommandOptions(arguments: ["/bin/sh", "-c", script])
        options.timeout = .milliseconds(200)
        change(&options)
        return await CommandProcess(options: options).run(Array(input.utf8), log: self.log)
    }

    private var said: String { get throws { try String(contentsOfFile: self.log, encoding: .utf8) } }

    @Test func getsTheEventOnStdinAndItsWordsAreKept() async throws {
        #expect(await self.run("cat; echo trouble >&2", input: "{\"event\":1}\n") == .done)
        #expect(try self.said.contains("{\"event\":1}\ntrouble\n"))
        #expect(try FileManager.default.attributesOfItem(atPath: self.log)[.posixPermissions] as? Int == 0o600)
    }

    @Test(arguments: [("exit 3", "exit code 3"), ("kill -9 $$", "signal 9")])
    func failsWithTheReason(_ script: String, _ reason: String) async {
        guard case .failed(let error) = await self.run(script) else { return #expect(Bool(false), "it did not fail") }
        #expect(error.contains(reason))
    }

    @Test func aMissingProgramIsAFailure() async {
        let outcome = await self.run("") { $0.arguments = ["/nonexistent/program"] }
        guard case .failed(let error) = outcome else { return #expect(Bool(false), "\(outcome)") }
        #expect(error.contains("/nonexistent/program"))
    }

    @Test func nothingOfTheWorkersIsInherited() async throws {
        setenv("RABBITMQ_PASSWORD", "verySecret", 1)
        // Left open for programs, as a careless library does.
        let file = open("/dev/null", O_RDONLY)
        defer { close(file) }
        #expect(file > 2)
        #expect(await self.run("env; [ -e /proc/$$/fd/0 ] && echo looked; [ ! -e /proc/$$/fd/\(file) ]") == .done)
        let said = try self.said
        #expect(said.contains("looked"))
        #expect(!said.contains("verySecret"))
    }

    @Test func muchOutputIsCutAndDoesNotBlock() async throws {
        #expect(await self.run("head -c 3000000 /dev/zero | tr '\\0' x") { $0.outputLimit = 1000 } == .done)
        #expect(try self.said.utf8.count < 1200)
        #expect(try self.said.contains("--- cut"))
        for _ in 0..<5 { #expect(await self.run("head -c 900 /dev/zero | tr '\\0' y") { $0.logLimit = 2000 } == .done) }
        #expect(try self.said.utf8.count < 2500, "all runs together are bounded too")
    }

    /// One that heeds no signal but KILL, with a child: both are gone afterwards.
    @Test func whenCancelledTheWholeGroupEnds() async throws {
        let script = "trap 'echo int' INT; trap 'echo term' TERM; echo $$ ready; while true; do sleep 0.05; done"
        let task = Task { await self.run("sh -c \"\(script.replacing("$$", with: "\\$\\$"))\" & \(script)") }
        var pids: [Int32] = []
        // The limit only ends a test that has failed already: the simulation may have both processors for a minute.
        let deadline = ContinuousClock.now + .seconds(180)
        while pids.count < 2, .now < deadline {
            let text = (try? self.said) ?? ""
            pids = text.split(separator: "\n").filter { $0.hasSuffix("ready") }.compactMap {
                Int32($0.split(separator: " ")[0])
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(pids.count == 2)
        task.cancel()
        #expect(await task.value == .failed("the command was ended"))
        let said = try self.said
        let (int, term) = (try #require(said.range(of: "int\n")), try #require(said.range(of: "term\n")))
        #expect(int.lowerBound < term.lowerBound)
        // KILL was sent to all of them; on a busy machine they die a moment later.
        for pid in pids { #expect(try await holdsSoon { Self.isGone(pid) }, "\(pid) lives") }
    }

    /// An orphan is a zombie until its reaper comes.
    private static func isGone(_ pid: Int32) -> Bool {
        guard kill(pid, 0) == 0, let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else {
            return true
        }
        return status.split(separator: ")").last?.split(separator: " ").first == "Z"
    }

    @Test func aProcessThatLeftTheGroupHoldsNobodyUp() async throws {
        // The group ends with its first process, so that one waits until the other has left.
        let sign = self.log + ".left"
        defer { try? FileManager.default.removeItem(atPath: sign) }
        let script =
            "setsid sh -c 'echo $$ left; : >\"\(sign)\"; exec sleep 300' & until [ -e \"\(sign)\" ]; do sleep 0.01; done"
        #expect(await self.run(script) == .done)
        let line = try #require(try self.said.split(separator: "\n").first { $0.hasSuffix("left") })
        let orphan = try #require(Int32(line.split(separator: " ")[0]))
        #expect(!Self.isGone(orphan), "nobody waited for it")
        kill(orphan, SIGKILL)
    }
}
