import Testing

@testable import BuildWorker
@testable import RabbitMQ

/// What it answers is asked of a real one (`GuideBrokerTests`).
@Suite struct ManagementAPITests {
    private func options(_ change: (inout RabbitMQOptions) -> Void) -> RabbitMQOptions {
        var options = RabbitMQOptions()
        change(&options)
        return options
    }

    @Test func theUsualPortIsAskedWhereNoneIsNamed() {
        func address(_ change: (inout RabbitMQOptions) -> Void) -> String {
            ManagementAPI(self.options(change)).address
        }
        #expect(address { $0.hosts = ["one", "two"] } == "http://one:15672")
        #expect(address { $0.hosts = ["::1"] } == "http://[::1]:15672")
        #expect(address { ($0.hosts, $0.transport) = (["one"], .amqps) } == "https://one:15671")
        #expect(
            address { ($0.hosts, $0.managementURL) = (["one"], "https://rabbit.example.com/management") }
                == "https://rabbit.example.com/management")
    }

    /// Nobody need listen at an address that nobody named.
    @Test func nobodyThereIsNoNewsUnlessOneWasNamed() async {
        let nowhere = self.options { $0.hosts = ["127.9.8.7"] }
        #expect(await ManagementAPI(nowhere).view(of: Topology(nowhere)) == nil)
        let named = self.options { $0.managementURL = "http://127.9.8.7:1" }
        let view = await ManagementAPI(named).view(of: Topology(named))
        #expect(
            view?.isConfigured == true
                && view?.problem?.hasPrefix("cannot be asked: GET http://127.9.8.7:1/api/cluster-name: cannot connect")
                    == true
        )
    }
}
