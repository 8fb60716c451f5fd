import Foundation
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Support
@testable import Workflow

extension Integration {
    /// RabbitMQ as the official guide of the original sets it up (``GuideDefinitions``), which is another layout than the worker's own, with users who may
    /// do little.
    @Suite(.simulatedClusterOnly("the broker's users and queues")) struct GuideBrokerTests {
        private typealias Outcome = (code: Int32, output: String, errors: String)

        private static let broker = Task { try await Broker.start(management: true) }
        private static let password = "made-up-broker-password-5c"

        private func stage() async throws -> Stage {
            try await Stage.set(.guide, broker: try await Self.broker.value)
        }

        private func topology(_ stage: Stage, _ arguments: [String], _ environment: [String: String] = [:]) async throws
            -> Outcome
        {
            try await WorkerProcess.run(["topology"] + arguments, environment: stage.environment(environment))
        }

        private func management(_ stage: Stage) throws -> [String: String] {
            ["RABBITMQ_MANAGEMENT_URL": "http://127.0.0.1:\(try #require(stage.broker.managementPort))"]
        }

        /// A user with the guide's rights, as variables.
        private func restrictedUser(_ stage: Stage) async throws -> [String: String] {
            let name = Surroundings.newName("user")
            try await GuideDefinitions(stage.queues).addUser(name, password: Self.password, to: stage.broker)
            return ["RABBITMQ_USERNAME": name, "RABBITMQ_PASSWORD": Self.password]
        }

        @Test func whatIsMissingIsAddedBesideWhatIsThere() async throws {
            let stage = try await self.stage()
            defer { stage.clear() }
            let (queue, retry) = (stage.queues.build, stage.queues.retry)
            let steps = [
                "left alone  exchange \(stage.queues.exchange): is a topic exchange, not a direct one: that works as well",
                "left alone  queue \(queue): is there, with differences", "left alone  queue \(queue)dlr: is there",
                "left alone  queue \(retry)dlr: is there",
                "not needed  queue \(queue).wait: \(queue) dead-letters to \(queue)dlr, which does its work",
                "not needed  queue \(retry).wait: \(retry) dead-letters to \(retry)dlr",
            ]
            func expect(_ outcome: Outcome, _ made: String, _ location: SourceLocation = #_sourceLocation) {
                #expect(outcome.code == 0 && outcome.errors.isEmpty, "\(outcome.errors)", sourceLocation: location)
                for line in steps + [stage.queues.initTimers, stage.queues.parked].map({ "\(made)queue \($0): " }) {
                    #expect(
                        outcome.output.contains(line), "\(line)\nis not in\n\(outcome.output)", sourceLocation: location
                    )
                }
            }
            let names = [stage.queues.initTimers, stage.queues.parked, stage.queues.wait, stage.queues.retryWait]
            let plan = try await self.topology(stage, ["apply", "--plan"])
            expect(plan, "to be made  ")
            #expect(plan.output.hasSuffix("Nothing was changed.\n"))
            #expect(try stage.broker.depths(names) == [nil, nil, nil, nil])
            expect(try await self.topology(stage, ["apply"]), "made        ")
            #expect(try stage.broker.depths(names) == [0, 0, nil, nil])
            expect(try await self.topology(stage, ["apply"], try self.management(stage)), "left alone  ")
            let again = try await self.topology(stage, ["apply", "--plan"])
            #expect(!again.output.contains("to be made"), "\(again.output)")
        }

        /// What a policy sets is seen by the management API alone.
        @Test func policiesAreSeenOrThoughtOf() async throws {
            let stage = try await self.stage()
            defer { stage.clear() }
            let (wait, missing) = (GuideDefinitions.waitQueue(of: stage.queues.retry), "x-message-ttl is not set")
            let blind = try await self.topology(stage, ["check"])
            #expect(
                blind.output.contains("WARNING queue \(wait): \(missing)")
                    && blind.output.contains("never end, unless a policy sets it"), "\(blind.output)")
            #expect(!blind.output.contains("PROBLEM queue \(wait)"), "\(blind.output)")
            let management = try self.management(stage)
            var seen = try await self.topology(stage, ["check"], management)
            // The broker tells of a queue's policies when it has counted its messages.
            try await eventually("the policy is shown") {
                seen = try await self.topology(stage, ["check"], management)
                return seen.output.contains(
                    "queue \(wait): x-message-ttl is '1000' (by policy '\(stage.queues.build)-message-delay')")
                    || !seen.output.contains(missing)
            }
            #expect(!seen.output.contains("unless a policy"), "\(seen.output)")
            #expect(
                seen.output.contains("OK      management API \(management["RABBITMQ_MANAGEMENT_URL"] ?? ""): shows"),
                "\(seen.output)")
            // A work queue that expires its messages loses them, whoever made it.
            #expect(
                seen.code == 0
                    && seen.output.contains(
                        "WARNING queue \(stage.queues.build): x-message-ttl is '28800000', should not be set: messages that expire"
                    ))

            try await stage.broker.ctl(
                "set_policy", "-p", "/", "--apply-to", "queues", "short", "^\(stage.queues.build)$",
                #"{"max-length": 9}"#)
            try await eventually("what a policy adds is seen") {
                try await self.topology(stage, ["check"], management).output
                    .contains(
                        "PROBLEM queue \(stage.queues.build): x-max-length is '9' (by policy 'short'), should not be set: when it is full"
                    )
            }
            try await stage.broker.ctl("clear_policy", "-p", "/", "short")
        }

        /// A client that publishes to the wait queue with the deaths of ``BadMessageTests`` is not stopped by any worker.
        @Test func whatNoQueueTakesIsSeen() async throws {
            let stage = try await Stage.set(broker: try await Self.broker.value)
            defer { stage.clear() }
            let death = AMQPValue.table(["queue": .text(stage.queues.build), "reason": "expired", "count": .int64(1)])
            try await stage.publish(
                stage.start(1, image: "fate/running:1"), to: stage.queues.wait, headers: ["x-death": .array([death])])
            let management = try self.management(stage)
            try await eventually("the dead letter is seen") {
                try await self.topology(stage, ["check"], management).output
                    .contains("WARNING queue \(stage.queues.wait): keeps 1 dead letters that no queue has taken")
            }
            let check = try await WorkerProcess.run(
                ["check", "queues", "--accept-drift"], environment: stage.environment(management))
            #expect(check.output.contains("keeps 1 dead letters"), "\(check.output)\(check.errors)")
        }

        @Test func queuesAreLookedForWhereTheyAre() async throws {
            let stage = try await self.stage()
            defer { stage.clear() }
            // As long as in the guide, so that it stays there.
            try await GuideDefinitions(stage.queues).load(into: stage.broker)
            try await stage.publish(Array("{".utf8), to: GuideDefinitions.waitQueue(of: stage.queues.retry))
            let environment = stage.environment(try await self.restrictedUser(stage))
            let check = try await WorkerProcess.run(
                ["check", "queues", "--accept-drift", "-w", "0"], environment: environment)
            #expect(
                check.output.contains("1 in \(stage.queues.retry)dlr") && check.output.contains(" retry_wait=1;0;"),
                "\(check.output)")
            #expect(check.output.contains(" wait=0;0;"), "\(check.output)")
            let worker = try WorkerProcess(["run"], environment: environment.merging(["JANITOR_INTERVAL": "1"]) { $1 })
            try await eventually("the status has them too") {
                let queues = try await worker.status()["queues"]?.array ?? []
                return queues.contains { $0["name"]?.string == "\(stage.queues.retry)dlr" && $0["ready"]?.integer == 1 }
            }
            try await worker.terminate()
        }

        @Test func bindingsAreChecked() async throws {
            let stage = try await self.stage()
            defer { stage.clear() }
            let (queue, exchange, management) = (stage.queues.build, stage.queues.exchange, try self.management(stage))
            let administration = try TopologyAdministration(stage.broker.options(stage.queues))
            defer { administration.close() }
            try administration.onFreshChannel { channel throws(AMQPError) in
                try administration.socket.declareQueue(
                    stage.queues.parked, arguments: ["x-queue-type": "quorum"], isPassive: false, on: channel)
                try administration.socket.bindQueue(queue, to: exchange, key: "\(queue).#", on: channel)
            }
            try await stage.broker.ctl(
                "set_policy", "-p", "/", "--apply-to", "exchanges", "spare",
                "^\(exchange.replacing(".", with: "\\."))$", #"{"alternate-exchange": "amq.fanout"}"#)
            let check = try await self.topology(stage, ["check"], management)
            for line in [
                "WARNING queue \(stage.queues.parked): is not bound to exchange \(exchange) with the key \(stage.queues.parked)",
                "PROBLEM queue \(queue): also gets what is meant for \(stage.queues.parked), \(stage.queues.retry)",
                "PROBLEM exchange \(exchange): sends what no queue takes to the exchange amq.fanout: the worker does not learn that a queue is missing",
            ] { #expect(check.output.contains(line), "\(line)\nis not in\n\(check.output)") }
            try await stage.broker.ctl("clear_policy", "-p", "/", "spare")
            let apply = try await self.topology(stage, ["apply"], management)
            #expect(
                apply.code == 0
                    && apply.output.contains("made        queue \(stage.queues.parked): the binding to \(exchange)"),
                "\(apply.output)")
            #expect(!(try await self.topology(stage, ["check"], management)).output.contains("is not bound"))
        }

        @Test func aManagementAPIThatIsOfNoUseIsSaidSo() async throws {
            let stage = try await self.stage()
            defer { stage.clear() }
            func expect(
                _ words: String, _ url: String, _ more: [String: String] = [:],
                _ location: SourceLocation = #_sourceLocation
            ) async throws {
                let check = try await self.topology(
                    stage, ["check"], more.merging(["RABBITMQ_MANAGEMENT_URL": url]) { $1 })
                #expect(
                    check.output.contains("WARNING management API \(url): \(words)"), "\(check.output)\(check.errors)",
                    sourceLocation: location)
                #expect(
                    check.output.contains("queue \(stage.queues.build): "), "the rest is checked: \(check.output)",
                    sourceLocation: location)
            }
            let url = try #require(self.management(stage).values.first)
            let user = try await self.restrictedUser(stage)
            try await expect(
                "refuses the user '\(user["RABBITMQ_USERNAME"] ?? "")' (Not management user): it needs the tag management",
                url, user)
            try await expect("answered 406: RABBITMQ_MANAGEMENT_URL is the address before /api", "\(url)/elsewhere")
            try await expect(
                "cannot be asked: GET http://127.0.0.1:1/api/cluster-name: cannot connect", "http://127.0.0.1:1")
            let other = try await Stage.set()
            defer { other.clear() }
            let check = try await self.topology(other, ["check"], try self.management(stage))
            #expect(
                check.output.contains("WARNING management API \(url): is another broker's") && check.code == 0,
                "\(check.output)")
        }

        /// Nobody need be able to change what others own, and what is lacking is said so that it can be granted.
        @Test func rightsThatAreMissingAreNamed() async throws {
            let stage = try await self.stage()
            defer { stage.clear() }
            let user = try await self.restrictedUser(stage)
            let refused = try await self.topology(stage, ["apply"], user)
            #expect(refused.code == 1, "\(refused.output)")
            for queue in [stage.queues.initTimers, stage.queues.parked] {
                #expect(refused.output.contains("failed      queue \(queue): ACCESS_REFUSED"), "\(refused.output)")
            }
            #expect(
                refused.output.contains("left alone  queue \(stage.queues.retry)dlr: is there"),
                "the others are looked at: \(refused.output)")
            #expect(
                !refused.output.contains("\(stage.queues.wait): ACCESS")
                    && refused.output.contains("not needed  queue \(stage.queues.wait)"))
            // The command does it.
            let command = try #require(
                refused.errors.firstMatch(of: /rabbitmqctl set_permissions -p '(.*)' '(.*)' '(.*)' '(.*)' '(.*)'/)
            ).output
            try await stage.broker.ctl(
                "set_permissions", "-p", String(command.1), String(command.2), String(command.3), String(command.4),
                String(command.5))
            let allowed = try await self.topology(stage, ["apply"], user)
            #expect(allowed.code == 0 && allowed.errors.isEmpty, "\(allowed.output)\(allowed.errors)")
            #expect(try stage.broker.depths([stage.queues.initTimers, stage.queues.parked]) == [0, 0])
        }

        @Test func anExchangeThatDoesNotRouteIsNotTaken() async throws {
            let stage = try await self.stage()
            defer { stage.clear() }
            let administration = try TopologyAdministration(stage.broker.options(stage.queues))
            defer { administration.close() }
            let name = Surroundings.newName("fanout")
            try administration.onFreshChannel { channel throws(AMQPError) in
                try administration.socket.declareExchange(name, kind: "fanout", isPassive: false, on: channel)
            }
            let apply = try await self.topology(stage, ["apply"], ["RABBITMQ_EXCHANGE": name])
            #expect(
                apply.code == 1
                    && apply.output.contains("failed      exchange \(name): is a fanout exchange, not a direct one"),
                "\(apply.output)")
        }

        /// All that becomes of a build, with `topology apply` by an administrator and without: only then are timers the worker's own, and what nobody
        /// can read is gone.
        @Test(arguments: [true, false])
        func buildsRunForAUserWithTheGuidesRights(isApplied: Bool) async throws {
            let stage = try await self.stage()
            defer { stage.clear() }
            let user = try await self.restrictedUser(stage)
            if isApplied { #expect(try await self.topology(stage, ["apply"]).code == 0) }
            let worker = try stage.startWorker(["run"], user)
            try await worker.waitUntilConsuming()
            for build in [1, 5] { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            // Refused twice by the cluster: NACK, wait queue, once more.
            try await stage.publish(stage.start(2, image: "fate/refuse-2:1"))
            try await stage.publish(stage.start(3, image: "fate/bad-image:1"))
            try await stage.publish(stage.start(4, image: "fate/stuck-pending:1"))
            try await eventually("each gets what it should") {
                let state = try await stage.simulator.state()
                return [1, 2, 5].allSatisfy { state.hostname($0) != nil } && state.status(3) == "FAILURE"
                    && state.status(4) == "FAILURE"
            }
            let state = try await stage.simulator.state()
            #expect(state.message(4).contains("Insufficient cpu"), "verified to the limit: \(state.message(4))")
            try await stage.publish(stage.stop(1))
            try await eventually("stopped") { try await stage.simulator.state().alivePods(1).isEmpty }
            try await stage.publish(Array("{".utf8))
            try await eventually("unreadable") {
                try worker.hasLogged("unreadable message \(isApplied ? "parked" : "dropped")")
            }
            if isApplied { #expect(try stage.depth(\.parked) == 1) }
            // What is so for every build is said once.
            let warnings = try worker.log().filter { ["warning", "error"].contains($0["level"]?.string) }.compactMap {
                $0["message"]?.string
            }
            #expect(
                warnings.count { $0.contains("this worker keeps init timers itself") } == (isApplied ? 0 : 1),
                "\(warnings)")
            #expect(try await worker.get("/readyz").text.contains("no init queue") == !isApplied)
            #expect(try !worker.hasLogged(event: "rabbitmq_disconnected"))
            #expect(try await worker.terminate() == 0)
        }

        /// A refusal closes the channel. It is that message's, not the connection's.
        @Test func aMessageThatMayNotBePublishedIsRefusedAlone() async throws {
            let stage = try await self.stage()
            defer { stage.clear() }
            let user = try await self.restrictedUser(stage)
            var options = stage.broker.options(stage.queues)
            (options.username, options.password) = (user["RABBITMQ_USERNAME"] ?? "", Secret(Self.password))
            let events = Mutex<[ConnectionEvent]>([])
            let publisher = PublishingConnection(AMQPEndpoint(options, connectionName: "test refused")) { event in
                events.withLock { $0.append(event) }
            }
            publisher.start()
            func publish(_ exchange: String, _ key: String) async -> PublishOutcome {
                await publisher.publish(OutgoingMessage(exchange: exchange, routingKey: key, body: Array("{}".utf8)))
            }
            for _ in 1...3 {
                let refused = await publish("", stage.queues.build)
                guard case .refused(let reason) = refused, reason.contains("ACCESS_REFUSED") else {
                    Issue.record("\(refused)")
                    continue
                }
                #expect(await publish(stage.queues.exchange, stage.queues.retry) == .confirmed)
            }
            let other = await publish("", stage.queues.retry)
            if case .refused = other {} else { Issue.record("\(other)") }
            publisher.stop()
            await publisher.waitUntilStopped()
            let all = events.withLock { $0 }
            #expect(!all.contains { if case .disconnected = $0 { true } else { false } }, "\(all)")
            #expect(
                all.count { if case .publishingRefused = $0 { true } else { false } } == 1
                    && all.contains(.channelRenewed), "\(all)")
        }

        /// Without the right to publish the worker loses what needs it, and nothing else.
        @Test func aWorkerThatMayNotPublishWorksOn() async throws {
            let stage = try await self.stage()
            defer { stage.clear() }
            let user = try await self.restrictedUser(stage)
            try await stage.broker.ctl("set_permissions", "-p", "/", user["RABBITMQ_USERNAME"] ?? "", "^$", "^$", ".*")
            let worker = try stage.startWorker(["run"], Stage.looking(user))
            try await worker.waitUntilConsuming()
            for build in 1...3 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("all run") {
                let state = try await stage.simulator.state()
                return (1...3).allSatisfy { state.hostname($0) != nil }
            }
            try await eventually("nothing is left") {
                try await stage.broker.unacked(prefix: stage.queues.build) == 0 && stage.isSettled()
            }
            let said = try worker.log().filter {
                $0["message"]?.string?.contains("may not publish where it should") == true
            }
            #expect(said.count == 1 && said[0]["error"]?.string?.contains(stage.queues.exchange) == true, "\(said)")
            #expect(try !worker.hasLogged(event: "rabbitmq_disconnected"))
            #expect(try await worker.terminate() == 0)
        }
    }
}
