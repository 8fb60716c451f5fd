import Testing

@testable import BuildWorker

@Suite struct HealthTests {
    private static func connected(_ health: Health) {
        health.consuming(.connected(host: "rabbitmq.test"))
        health.publishing(.connected(host: "rabbitmq.test"))
        health.consuming(.consuming(queue: "builds"))
    }

    @Test(arguments: [
        ({ _ in }, []), ({ $0.draining() }, ["draining"]), ({ $0.consuming(.stopped(queue: "builds")) }, ["queue builds: paused"]),
        ({ $0.publishing(.blocked(reason: "low on disk")) }, ["RabbitMQ takes no messages: low on disk"]),
        (
            { $0.outage(of: .buildAPI, cause: "503 of build 4711") }, ["the build API is away, the intake is paused"]
        ),
        // That the queues are paused then says nothing more, whatever the queue is called.
        (
            {
                $0.outage(of: .vmCluster, cause: "503")
                $0.consuming(.stopped(queue: "builds"))
            }, ["the Kubernetes API of k8s-vm is away, the intake is paused"]
        ),
        ({ $0.fault(of: .cluster, .read, "list pods: 403") }, ["the Kubernetes API (reading): a request was refused"]),
        (
            {
                $0.fault(of: .cluster, .write, "create pod: 403")
                $0.fault(of: .cluster, .read, nil)
            }, ["the Kubernetes API: a request was refused"]
        ),
    ] as [(@Sendable (Health) -> Void, [String])])
    func whatIsWrongIsSaid(happens: @Sendable (Health) -> Void, problems: [String]) {
        let health = Health(queues: ["builds"])
        Self.connected(health)
        happens(health)
        #expect(health.problems(withCauses: false) == problems)
        #expect(health.problems.count == problems.count)
    }

    /// A queue may be called as a state is: which it is in is no question of words.
    @Test func aQueuesStateIsNoText() {
        let health = Health(queues: ["builds"])
        Self.connected(health)
        health.consuming(.consumerLost(queue: "builds", code: 404, reason: "no queue 'x': paused", retryIn: .seconds(1)))
        health.outage(of: .cluster, cause: "503")
        #expect(health.problems.count == 2, "the queue that is gone is told beside the outage")
    }

    /// One name for one thing, in metrics, `/status` and checks.
    @Test func namesAreKeys() throws {
        let names = Outages.Dependency.allCases.map(\.rawValue) + QueueSurvey(try ConfigurationFixture.configuration([:]).rabbitmq).queues.map(\.role.rawValue)
        for name in names { #expect(name.wholeMatch(of: /[a-z_]+/) != nil, "\(name)") }
        #expect(names.contains("retry_wait") && names.contains("build_api"))
    }
}
