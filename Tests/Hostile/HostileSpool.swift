internal import ChaosModel
internal import Foundation
internal import TestSupport

/// What somebody else has put where the worker's spool is to be. It starts, or says why it does not; it waits for nothing and follows nothing.
enum HostileSpool {
    private enum Trap: CaseIterable { case link, danglingLink, hardLink, pipe, directory, rubbish, large, empty, open }

    private static let names = [
        "", "lock", "inflight", "suspects", "starting", "heartbeat", "timers", "timers/1.json", "queues",
        "queues/status", "queues/status/new", "queues/status/new/1.1.1.0", "reports", "reports/x",
    ]

    static func attack(_ scene: Scene, _ scale: Scale) async throws {
        await scene.target.restart(false)
        var random = SplitMix64(seed: scale.seed)
        let all = Self.names.flatMap { name in Trap.allCases.map { (name, $0) } }.shuffled(using: &random).prefix(
            scale(.max, quick: 10))
        var refusals = 0
        for (number, (name, trap)) in all.enumerated() {
            let spool = scene.directory.appendingPathComponent("spool-\(number)").path
            guard try Self.lay(trap, at: name, in: spool, victim: scene.victim, &random) else { continue }
            let ended = await scene.target.ends.count
            try await scene.target.start(["SPOOL_DIRECTORY": spool])
            do {
                try await eventually("it works or refuses", within: .seconds(30)) {
                    await scene.target.isReady() ? true : await scene.target.ends.count > ended
                }
            } catch is NotInTime { scene.complain("\(trap) at '\(name)': neither ready nor ended after 30 s") }
            refusals += await scene.target.ends.count - ended
            try await scene.target.stop()
        }
        // Bad files in numbers fill no log.
        let spool = scene.directory.appendingPathComponent("crowded")
        let timers = spool.appendingPathComponent("timers")
        let jobs = spool.appendingPathComponent("queues/status/new")
        for directory in [timers, jobs] {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        let crowd = scale(20_000, quick: 2000)
        for number in 0..<crowd {
            try Data(
                Mutation.damage(Array(#"{"message":{"job":"verify"},"at":1,"kind":"status"}"#.utf8), using: &random)
            ).write(to: timers.appendingPathComponent("\(number).json"))
        }
        try await scene.target.start(["SPOOL_DIRECTORY": spool.path])
        try await scene.waitUntilReady()
        try await scene.target.stop()
        let lines = try await scene.target.lastLog().count { $0 == UInt8(ascii: "\n") }
        if lines > 1000 { scene.complain("\(lines) lines in the log for \(crowd) bad files") }
        // A spool that is its own again.
        try await scene.target.start([:])
        try await scene.waitUntilReady()
        scene.note { $0.designedEnds = [1, 69, 70, 71, 78] }
        scene.tried("links, pipes, rubbish, 0777, \(crowd) bad files", all.count + 1)
        Scene.say("\(refusals) of them were refused at the start")
    }

    /// - Returns: false where there is no such thing.
    private static func lay(_ trap: Trap, at name: String, in spool: String, victim: URL, _ random: inout SplitMix64)
        throws -> Bool
    {
        let path = name.isEmpty ? spool : "\(spool)/\(name)"
        let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(
            atPath: parent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let canary = victim.appendingPathComponent("canary").path
        switch trap {
        case .link:
            return symlink(
                name.contains(".") || ["lock", "inflight", "suspects", "starting", "heartbeat"].contains(name)
                    ? canary : victim.path, path) == 0
        case .danglingLink: return symlink(victim.appendingPathComponent("new").path, path) == 0
        case .hardLink: return link(victim.appendingPathComponent("canary-2").path, path) == 0
        case .pipe: return mkfifo(path, 0o666) == 0
        case .directory: return mkdir(path, 0o755) == 0
        case .open: return mkdir(path, 0o700) == 0 && chmod(path, 0o777) == 0
        case .empty: return FileManager.default.createFile(atPath: path, contents: Data())
        case .large:
            return FileManager.default.createFile(atPath: path, contents: Data()) && truncate(path, 1 << 40) == 0
        case .rubbish:
            return FileManager.default.createFile(
                atPath: path, contents: Data((0..<3000).map { _ in UInt8.random(in: .min ... .max, using: &random) }))
        }
    }
}
