internal import BuildWorker
internal import ChaosModel
internal import Foundation
internal import Glibc
internal import Support
internal import TestSupport

/// Somebody who means harm, and what he does to a worker.
struct Attack: Sendable {
    let name: String
    /// Of the worker's configuration.
    var variables: [String: String] = [:]
    var startsWorker = true
    let run: @Sendable (Scene, Scale) async throws -> Void

    static let all: [Attack] = [
        .messages, .largeMessages, .deadAddresses, .answers, .pipelining, .halfRequests, .strangers, .broker, .spools,
        .caches,
    ]

    // MARK: Publishers

    static let messages = Attack(name: "messages") { scene, scale in
        try await scene.waitUntilReady()
        let fuzz = FuzzedMessages(scene, seed: scale.seed)
        try await withThrowingTaskGroup { group in
            for lane in 0..<32 {
                group.addTask {
                    for number in stride(from: lane, to: scale.messages, by: 32) {
                        let message = fuzz.message(number)
                        try await scene.publish(
                            number, message.body, headers: message.headers,
                            to: message.isForRetryQueue ? scene.queues.retry : nil)
                    }
                }
            }
            try await group.waitForAll()
        }
        try await scene.waitForRest(within: .seconds(scale(240, quick: 20)))
        try await scene.expectStart(of: 9_000_001, within: .seconds(60))
        scene.tried("bodies and headers, damaged", scale.messages)
    }

    static let largeMessages = Attack(name: "large messages") { scene, scale in
        try await scene.waitUntilReady()
        let count = scale(20, quick: 4)
        // What JSON is made into takes a multiple of its bytes. The first kind is not read; the second is the largest that is.
        for number in 0..<count {
            var message = scene.start(number)
            message["padding"] = .array(Array(repeating: [:], count: 5_000_000))
            try await scene.publish(number, message.serialized())
        }
        for number in count..<(2 * count) {
            var message = scene.start(number)
            message["padding"] = .array(Array(repeating: [:], count: 340_000))
            try await scene.publish(number, message.serialized())
        }
        try await scene.expectStart(of: 9_000_001, within: .seconds(180))
        try await scene.waitForRest(within: .seconds(60))
        scene.tried("15 MB of {}, and 1 MB of it", 2 * count)
    }

    /// FAILUREs that nobody takes: they hold no slot for long.
    static let deadAddresses = Attack(
        name: "dead addresses",
        variables: ["ECOSYSTEM_API_HOSTS": "127.0.0.1,127.0.0.2", "K8S_POD_STATUSQUERY_DELAY": "1"]
    ) { scene, scale in
        try await scene.waitUntilReady()
        let hole = try SilentPort()
        defer { hole.close() }
        let count = scale(40, quick: 25)
        for number in 1...count {
            try await scene.publish(
                number,
                scene.start(number, image: "fate/failed:1", apiURI: "http://127.0.0.2:\(hole.port)").serialized())
        }
        try await scene.expectStart(of: 9_000_001, within: .seconds(30))
        scene.tried("builds whose apiUri never answers", count)
    }

    // MARK: Peers

    static let answers = Attack(name: "answers") { scene, scale in
        try await scene.waitUntilReady()
        let kinds = ChaosModel.RawAnswer.Kind.allCases
        let rounds = scale(4, quick: 1)
        var build = 0
        for _ in 0..<rounds {
            for kind in kinds {
                for (listener, isAfter) in [("kubernetes", false), ("kubernetes", true), ("api", false), ("api", true)]
                {
                    build += 1
                    let action: JSONValue = ["raw": .string(kind.rawValue), "after": .bool(isAfter || kind.isLegal)]
                    try await scene.simulator.fault([
                        "listener": .string(listener), "build": .number(String(build)), "times": 2,
                        "seed": .number(String(scale.seed % 1000)), "action": action,
                    ])
                    try await scene.publish(
                        build,
                        scene.start(build, image: build % 3 == 0 ? "fate/failed:1" : "fate/running:1").serialized())
                }
            }
        }
        try await scene.waitForRest(within: .seconds(180))
        // All at once: what one answer may take is taken by each that is under way.
        for (kind, listener) in [
            ("endless", "kubernetes"), ("gzip-bomb", "api"), ("endless", "api"), ("huge-header", "kubernetes"),
        ] {
            let storm = try await scene.simulator.fault([
                "listener": .string(listener), "action": ["raw": .string(kind)],
            ])
            for _ in 0..<scale(60, quick: 40) {
                build += 1
                try await scene.publish(
                    build, scene.start(build, image: build % 2 == 0 ? "fate/failed:1" : "fate/running:1").serialized())
            }
            try await Task.sleep(for: .seconds(scale(15, quick: 3)))
            try await scene.simulator.removeFault(storm)
        }
        try await scene.waitForRest(within: .seconds(120))
        let last = build
        let state = try await scene.simulator.state()
        let doubled = (1...last).filter { state.pods($0).count > 1 }
        if !doubled.isEmpty { scene.complain("\(doubled.count) builds have two pods") }
        try await scene.expectStart(of: 9_000_001, within: .seconds(60))
        scene.tried("\(kinds.count) kinds of HTTP that is none", 2 * build)
    }

    static let broker = Attack(name: "broker", startsWorker: false) { scene, scale in
        try await HostileBroker.attack(scene, scale)
    }

    // MARK: Visitors

    static let pipelining = Attack(name: "pipelining") { scene, scale in
        try await scene.waitUntilReady()
        let count = scale(20_000, quick: 5000)
        for (port, path) in [
            (scene.target.port, "/livez"), (scene.target.port, "/metrics"), (scene.target.statusPort, "/"),
            (scene.target.statusPort, "/status"),
        ] {
            let connection = try RawConnection(port: port)
            let sending = Task {
                await Visitor.blocking {
                    connection.send(String(repeating: "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", count: count))
                }
            }
            for _ in 1...5 where !(await scene.target.isReady()) {
                scene.complain("a probe was not answered while \(path) is asked for")
            }
            _ = await sending.value
            let answers = await Visitor.blocking { connection.rest() }.components(separatedBy: "HTTP/1.1 ").count - 1
            if answers > 1 { scene.complain("\(answers) answers in one connection") }
        }
        scene.tried("requests in one connection, unread", 4 * count)
    }

    static let halfRequests = Attack(name: "half requests") { scene, scale in
        try await scene.waitUntilReady()
        let count = scale(1500, quick: 300)
        let connections = await Visitor.blocking {
            (0..<count).compactMap { number -> RawConnection? in
                // Where the backlog is full, that is fine.
                let connection = try? RawConnection(
                    port: number.isMultiple(of: 2) ? scene.target.port : scene.target.statusPort)
                connection?.send(number.isMultiple(of: 3) ? "" : "GET / HTTP/1.1\r\nHost: ")
                return connection
            }
        }
        for _ in 1...5 where !(await scene.target.isReady()) {
            scene.complain("a probe was not answered beside \(count) half requests")
        }
        try await scene.expectStart(of: 1, within: .seconds(20))
        do {
            try await eventually("all are closed", within: .seconds(30)) { connections.allSatisfy(\.isClosed) }
        } catch is NotInTime { scene.complain("half requests are open for ever") }
        scene.tried("connections that do not go on", count)
    }

    static let strangers = Attack(name: "strangers") { scene, scale in
        try await scene.waitUntilReady()
        var random = SplitMix64(seed: scale.seed)
        let count = scale(4000, quick: 400)
        for number in 0..<count {
            let visitor = Visitor.rows[number % Visitor.rows.count]
            let port = Bool.random(using: &random) ? scene.target.port : scene.target.statusPort
            let bytes = number < Visitor.rows.count * 2 ? visitor.bytes : Mutation.damage(visitor.bytes, using: &random)
            let answer = await Visitor.ask(port, bytes)
            if number < Visitor.rows.count * 2, !visitor.isRight(answer) {
                scene.complain("\(visitor.name) was answered \(answer.prefix(40))")
            }
        }
        if !(await scene.target.isReady()) { scene.complain("it is not ready afterwards") }
        scene.tried("wrong names, long heads, rubbish", count)
    }

    // MARK: Neighbours and authors

    static let spools = Attack(name: "spools", startsWorker: false) { scene, scale in
        try await HostileSpool.attack(scene, scale)
    }

    /// Who writes in a cache while it is removed leads nobody out of it.
    static let caches = Attack(name: "caches") { scene, scale in
        try await scene.waitUntilReady()
        let count = scale(40, quick: 8)
        let (cache, victim) = (scene.directory.appendingPathComponent("cache/pipelines"), scene.victim)
        for number in 0..<count {
            let own = cache.appendingPathComponent("\(number)")
            for name in ["a/b/c", "d", "e/f"] {
                try FileManager.default.createDirectory(
                    at: own.appendingPathComponent(name), withIntermediateDirectories: true)
            }
            for name in ["link", "a/link", "a/b/link"] {
                try FileManager.default.createSymbolicLink(
                    at: own.appendingPathComponent(name), withDestinationURL: victim)
            }
            for file in 0..<200 { try Data().write(to: own.appendingPathComponent("d/\(file)")) }
            let swapping = Task.detached {
                while !Task.isCancelled {
                    for name in ["a", "d", "e"] {
                        let path = own.appendingPathComponent(name).path
                        rename(path, "\(path).aside")
                        symlink(victim.path, path)
                        await Task.yield()
                        unlink(path)
                        rename("\(path).aside", path)
                    }
                }
            }
            let clear: JSONValue = [
                "job": "clear",
                "cacheConfig": [
                    "resource": "caches", "action": "delete", "scope": "pipelines",
                    "pipelineId": .number(String(number)), "id": .number(String(number)), "prefix": "",
                ],
            ]
            try await scene.publish(number, clear.serialized())
            try await Task.sleep(for: .milliseconds(100))
            swapping.cancel()
            await swapping.value
        }
        try await scene.waitForRest(within: .seconds(60))
        scene.tried("directories exchanged for links while cleared", count)
    }
}
