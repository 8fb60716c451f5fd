internal import ArgumentParser
internal import ChaosModel
internal import Foundation
internal import TestSupport

/// Attacks the worker's binary from every side, and judges what is left.
@main
struct HostileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hostile",
        abstract: "Messages, peers, visitors, spools and builds that mean harm, drawn from a seed, and a judge.",
        discussion: """
            Attacks: \(Attack.all.map(\.name).joined(separator: ", ")).
            Exit codes: 0 the worker held, 1 it did not, 64 wrong usage, 70 the run itself failed.
            """)

    @Option(help: "What everything is drawn from.") var seed: UInt64
    @Option(help: "How many fuzzed messages.") var messages = 20_000
    @Flag(help: "Less of everything else.") var quick = false
    @Option(help: "This attack alone.") var only: [String] = []
    @Option(help: "A weakness that the judge has to find.") var plant: Plant?
    @Option(help: "Memory of a worker, in MiB.") var memory = 256
    @Option(help: "Files and connections that a worker may have open.") var files = 1024
    @Option(help: "Where the logs are left. The directory is replaced.") var evidence: String

    func validate() throws {
        guard self.messages > 0, self.memory >= 32, self.files >= 64 else {
            throw ValidationError("A message at least, 32 MiB, 64 files.")
        }
        for name in self.only where !Attack.all.contains(where: { $0.name == name }) {
            throw ValidationError("There is no attack \(name).")
        }
    }

    func run() async throws {
        var attacks: [AttackEvidence] = []
        do {
            if FileManager.default.fileExists(atPath: self.evidence) {
                try FileManager.default.removeItem(atPath: self.evidence)
            }
            try FileManager.default.createDirectory(atPath: self.evidence, withIntermediateDirectories: true)
            let box = try WorkerBox(memory: self.memory << 20, files: self.files)
            defer { box.remove() }
            Scene.say(
                box.obstacle.map {
                    "LEFT OUT: no cgroup of \(self.memory) MiB: \($0). The worker's own peak is judged alone"
                } ?? "\(self.memory) MiB, \(self.files) files")
            let broker = try await Broker.start()
            try await Scene.addUser(to: broker)
            for attack in Attack.all where self.only.isEmpty || self.only.contains(attack.name) {
                let begun = ContinuousClock.now
                let scale = Scale(seed: self.seed, messages: self.messages, isQuick: self.quick)
                let scene = try await Scene(
                    broker, box, logs: URL(fileURLWithPath: self.evidence), plant: self.plant, attack)
                try await attack.run(scene, scale)
                let evidence = try await scene.gather()
                Scene.say(
                    "\(attack.name): \(evidence.findings().isEmpty ? "held" : "\(evidence.findings().count) findings"), \((ContinuousClock.now - begun) / .seconds(1)) s"
                )
                attacks.append(evidence)
            }
            // The verdict is what counts: one that is gone needs no end.
            do { try await broker.kill9() } catch { Scene.say("\(error)") }
        } catch {
            FileHandle.standardError.write(Data("error: the run itself failed: \(error)\n".utf8))
            throw ExitCode(70)
        }
        print("\n\(AttackEvidence.table(attacks))\n")
        let findings = attacks.flatMap { attack in attack.findings().map { "\(attack.name): \($0)" } }
        findings.forEach { print($0) }
        guard findings.isEmpty else { throw ExitCode(1) }
    }
}

/// How much is tried.
struct Scale: Sendable {
    let seed: UInt64
    let messages: Int
    let isQuick: Bool

    func callAsFunction(_ usual: Int, quick: Int) -> Int { self.isQuick ? quick : usual }
}

/// Weaknesses that are put in on purpose, to see whether the judge finds them.
enum Plant: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// The worker reads messages of 16 MiB, in a third of the memory.
    case hugeMessages = "huge-messages"
    /// It answers by the attacker's name.
    case openNames = "open-names"
    /// A token stands in the log.
    case leak
    /// A parked message is taken away.
    case lostMessage = "lost-message"
    /// A file beside the cache is written to.
    case outside
    /// The worker is killed, as where memory is short.
    case crash

    var variables: [String: String] {
        switch self {
        case .hugeMessages: ["RABBITMQ_MAX_MESSAGE_BYTES": "16777216"]
        case .openNames: ["STATUS_HOSTS": Visitor.strangersName]
        case .leak, .lostMessage, .outside, .crash: [:]
        }
    }
}
