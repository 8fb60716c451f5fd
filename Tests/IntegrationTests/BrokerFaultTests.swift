import Foundation
import Synchronization
import TestSupport
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Support

extension Integration {
    /// The broker fails; no build is lost, doubled or left hanging.
    @Suite(.simulatedClusterOnly("what fails is the broker")) struct BrokerFaultTests {
        @Test(arguments: [Stage.Layout.quorum, .classic])
        func aBrokerKilledWithMessagesInFlight(layout: Stage.Layout) async throws {
            let broker = try await Broker.start()
            let stage = try await Stage.set(layout, broker: broker, initTimeout: .seconds(300))
            defer { stage.clear() }
            let quick = #"{"heartbeatIntervalInSeconds":2,"reconnectTimeInSeconds":1}"#
            let worker = try stage.startWorker(
                ["run"], ["RABBITMQ_CONNECT_OPTIONS": quick, "CIRCUIT_TIMEOUT": "600000"])
            try await worker.waitUntilConsuming()
            let hold = try await stage.simulator.hold("POST", times: 20)
            for build in 1...40 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("twenty pods are made and not settled") {
                try await stage.simulator.state().podsCreated >= 20
            }
            try await broker.kill9()
            try await eventually("the worker says so") { try await worker.health().status == 503 }
            try await stage.simulator.removeFault(hold)
            try await broker.restart()
            try await eventually("every build has its pod and its timer") {
                let state = try await stage.simulator.state()
                return try (1...40).allSatisfy { state.pods($0).count >= 1 } && stage.depth(\.initTimers) >= 40
                    && stage.isSettled()
            }
            try await eventually("all is settled") { try await broker.unacked(prefix: stage.queues.build) == 0 }
            let state = try await stage.simulator.state()
            for build in 1...40 { #expect(state.pods(build).count == 1, "build \(build)") }
            try await eventually("the worker is ready") { try await worker.health().status == 200 }
            #expect(!worker.child.output.contains("PRECONDITION_FAILED"), "no stale tag was settled on a new channel")
            try await worker.terminate()
            try await eventually("nobody holds any") { try await broker.unacked(prefix: stage.queues.build) == 0 }
            try await broker.stop()
        }

        @Test func aMemoryAlarmWhileTwentyAreInFlight() async throws {
            let broker = try await Broker.start()
            let stage = try await Stage.set(broker: broker, initTimeout: .seconds(300))
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["CIRCUIT_TIMEOUT": "600000"])
            try await worker.waitUntilConsuming()
            let hold = try await stage.simulator.hold("POST", times: 20)
            for build in 1...20 { try await stage.publish(stage.start(build, image: "fate/running:1")) }
            try await eventually("twenty are in flight") { try await stage.simulator.state().podsCreated == 20 }
            try await broker.ctl("set_vm_memory_high_watermark", "0.00001")
            try await stage.simulator.removeFault(hold)
            try await eventually("the worker says that RabbitMQ takes no messages") {
                try await worker.health().text.contains("blocked the connection")
            }
            try await broker.ctl("set_vm_memory_high_watermark", "0.6")
            try await eventually("all twenty are watched") { try stage.depth(\.initTimers) == 20 && stage.isSettled() }
            try await eventually("and settled") { try await broker.unacked(prefix: stage.queues.build) == 0 }
            #expect(try await stage.simulator.state().podsCreated == 20)
            #expect(try !worker.hasLogged("don't acknowledge"), "the alarm cost time, not attempts")
            try await worker.terminate()
            try await broker.stop()
        }

        /// Whatever a refusal's cause is, what is published after it is confirmed one by one: sequence numbers begin anew with the channel.
        @Test func aRefusalChangesTheChannelAndNothingElse() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let queues = Queues()
            let administration = try TopologyAdministration(stage.broker.options(queues))
            defer { administration.close() }
            var topology = Topology(stage.broker.options(queues))
            topology.queues = [
                Topology.Queue(
                    name: queues.build, purpose: "takes one message",
                    arguments: ["x-queue-type": "classic", "x-max-length": .int64(1), "x-overflow": "reject-publish"],
                    withoutIt: "")
            ]
            try administration.apply(topology)
            let renewals = Mutex(0)
            let publisher = PublishingConnection(
                AMQPEndpoint(stage.broker.options(queues), connectionName: "test publisher")
            ) {
                if $0 == .channelRenewed { renewals.withLock { $0 += 1 } }
            }
            publisher.start()
            defer { publisher.stop() }
            @Sendable func publish(to queue: String) async -> PublishOutcome {
                await publisher.publish(OutgoingMessage(exchange: "", routingKey: queue, body: Array("x".utf8)))
            }
            #expect(await publish(to: queues.build) == .confirmed)
            try await eventually("refusals have changed the channel twice", within: .seconds(60)) {
                let outcomes = await withTaskGroup { group in
                    for number in 0..<40 {
                        group.addTask {
                            (number, await publish(to: number.isMultiple(of: 2) ? queues.build : stage.queues.parked))
                        }
                    }
                    return await group.reduce(into: [Int: PublishOutcome]()) { $0[$1.0] = $1.1 }
                }
                for (number, outcome) in outcomes {
                    #expect(outcome == (number.isMultiple(of: 2) ? .nacked : .confirmed), "message \(number)")
                }
                return renewals.withLock { $0 } >= 2
            }
            let unroutable = await publish(to: "no such queue")
            if case .returned = unroutable {} else { Issue.record("not returned: \(unroutable)") }
        }

        @Test func aConfirmThatNeverComes() async throws {
            let broker = try await Broker.start()
            let stage = try await Stage.set(broker: broker)
            defer { stage.clear() }
            // Long enough for a broker that is busy, not for one that is frozen.
            let impatient = PublishingConnection(
                AMQPEndpoint(broker.options(stage.queues), connectionName: "impatient"), confirmTimeout: .seconds(8)
            ) { _ in }
            impatient.start()
            let message = OutgoingMessage(
                exchange: stage.queues.exchange, routingKey: stage.queues.build, body: Array("{}".utf8))
            #expect(await impatient.publish(message) == .confirmed)
            try await broker.pause()
            guard case .unconfirmed = await impatient.publish(message) else {
                Issue.record("a frozen broker confirmed")
                return
            }
            try await broker.resume()
            // The late confirm of the second is not taken for the third's.
            #expect(await impatient.publish(message) == .confirmed)
            try await eventually("all three are there") { try broker.depth(stage.queues.build) == 3 }
            impatient.stop()
            await impatient.waitUntilStopped()
            try await broker.stop()
        }

        @Test func anUnconfirmedTimerKeepsTheBuild() async throws {
            let broker = try await Broker.start()
            let stage = try await Stage.set(broker: broker, initTimeout: .seconds(300))
            defer { stage.clear() }
            let quick = #"{"heartbeatIntervalInSeconds":1,"reconnectTimeInSeconds":1}"#
            let worker = try stage.startWorker(
                ["run"], ["RABBITMQ_CONNECT_OPTIONS": quick, "CIRCUIT_TIMEOUT": "600000"])
            try await worker.waitUntilConsuming()
            let hold = try await stage.simulator.hold("POST", times: 1)
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("the pod is made") { try await stage.simulator.state().podsCreated == 1 }
            // Frozen for longer than two heartbeats: the confirm never comes, and both connections are given up.
            try await broker.pause()
            try await stage.simulator.removeFault(hold)
            try await eventually("the worker has noticed") { try await worker.health().status == 503 }
            try await broker.resume()
            try await eventually("the build is watched") { try stage.depth(\.initTimers) >= 1 && stage.isSettled() }
            #expect(try await stage.simulator.state().podsCreated == 1)
            #expect(try await stage.simulator.state().status(1) != "FAILURE")
            try await worker.terminate()
            try await broker.stop()
        }

        @Test func aQueueDeletedUnderItsConsumer() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker()
            try await worker.waitUntilConsuming()
            try await stage.broker.ctl("delete_queue", stage.queues.build)
            try await eventually("the worker says so") { try await worker.health().text.contains(stage.queues.build) }
            try await eventually("and logs it") { try worker.hasLogged(event: "queue_lost") }
            try await stage.declare(.quorum)
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("it consumes again") { try await stage.simulator.state().podsCreated == 1 }
            try await eventually("it is ready again") { try await worker.health().status == 200 }
            try await worker.terminate()
        }

        @Test func aQueueThatIsMissingAtTheStart() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            try await stage.broker.ctl("delete_queue", stage.queues.build)
            let worker = try stage.startWorker()
            try await eventually("the worker says which and what to do") {
                try worker.hasLogged("queue \(stage.queues.build) is not consumed, trying again. Does it exist?")
            }
            #expect(try await worker.health().status == 503)
            try await stage.declare(.quorum)
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("it consumes") { try await stage.simulator.state().podsCreated == 1 }
            try await worker.terminate()
        }

        @Test func aBrokerThatIsAwayAtTheStart() async throws {
            let broker = try await Broker.start()
            let stage = try await Stage.set(broker: broker)
            defer { stage.clear() }
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await broker.stop()
            let worker = try stage.startWorker(
                ["run"], ["RABBITMQ_CONNECT_OPTIONS": #"{"heartbeatIntervalInSeconds":20,"reconnectTimeInSeconds":1}"#])
            try await eventually("the worker says so") { try worker.hasLogged(event: "rabbitmq_disconnected") }
            let health = try await worker.health()
            #expect(health.status == 503)
            #expect(health.text.contains("not connected to RabbitMQ"))
            #expect(worker.child.isRunning)
            try await broker.restart()
            try await eventually("it works") { try await stage.simulator.state().podsCreated == 1 }
            try await eventually("and is healthy") { try await worker.health() == (200, "ok") }
            try await worker.terminate()
            try await broker.stop()
        }

        @Test func wrongCredentialsAreNamed() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let worker = try stage.startWorker(["run"], ["RABBITMQ_PASSWORD": "made-up-wrong-password"])
            try await eventually("the worker says so") {
                try worker.log().contains { $0["error"]?.string?.contains("ACCESS_REFUSED") == true }
            }
            #expect(worker.child.isRunning)
            #expect(!worker.child.output.contains("made-up-wrong-password"))
            try await worker.terminate()
        }
    }
}
