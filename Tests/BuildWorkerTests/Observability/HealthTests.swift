import Testing

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ

@Suite struct HealthTests {
    private static func connected(_ health: Health) {
        health.consuming(.connected(host: "rabbitmq.test"))
        health.publishing(.connected(host: "rabbitmq.test"))
        health.consuming(.consuming(queue: "builds"))
    }

    struct Row: Sendable {
        let problems: [String]
        let happens: @Sendable (Health) -> Void

        init(_ problems: String..., happens: @escaping @Sendable (Health) -> Void) {
            (self.problems, self.happens) = (problems, happens)
        }
    }

    @Test(arguments: [
        Row { _ in }, Row("draining") { $0.draining() },
        Row("queue builds: paused") { $0.consuming(.stopped(queue: "builds")) },
        Row("RabbitMQ blocked the connection (resource alarm): low on disk") {
            $0.publishing(.blocked(reason: "low on disk"))
        },
        Row("the build API unavailable; consumption paused") { $0.outage(of: .buildAPI, cause: "503 of build 4711") },
        // That the queues are paused then says nothing more.
        Row("the Kubernetes API of k8s-vm unavailable; consumption paused") {
            $0.outage(of: .vmCluster, cause: "503")
            $0.consuming(.stopped(queue: "builds"))
        },
        Row("the Kubernetes API (reading): a request was refused") { $0.fault(of: .cluster, .read, "list pods: 403") },
        Row("the Kubernetes API: a request was refused") {
            $0.fault(of: .cluster, .write, "create pod: 403")
            $0.fault(of: .cluster, .read, nil)
        },
    ])
    func whatIsWrongIsSaid(row: Row) {
        let health = Health(queues: ["builds"])
        Self.connected(health)
        row.happens(health)
        #expect(health.problems(withCauses: false) == row.problems)
        #expect(health.problems.count == row.problems.count)
    }

    /// A queue may be called as a state is: which it is in is no question of words.
    @Test func aQueuesStateIsNoText() {
        let health = Health(queues: ["builds"])
        Self.connected(health)
        health.consuming(
            .consumerLost(queue: "builds", code: 404, reason: "no queue 'x': paused", retryIn: .seconds(1)))
        health.outage(of: .cluster, cause: "503")
        #expect(health.problems.count == 2, "the queue that is gone is told beside the outage")
    }

    /// One name for one thing, in metrics, `/status` and checks.
    @Test func namesAreKeys() throws {
        let names =
            Outages.Dependency.allCases.map(\.rawValue)
            + QueueSurvey(try ConfigurationFixture.configuration([:]).rabbitmq).queues.map(\.role.rawValue)
        for name in names { #expect(name.wholeMatch(of: /[a-z_]+/) != nil, "\(name)") }
        #expect(names.contains("retry_wait") && names.contains("build_api"))
    }
}
