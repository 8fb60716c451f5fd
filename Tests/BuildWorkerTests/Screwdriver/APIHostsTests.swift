import Logging
import Testing

@testable import BuildWorker
@testable import Clients
@testable import RabbitMQ
@testable import Support
@testable import Workflow

/// Whom nothing is sent to, whoever asks for it.
@Suite(.timeLimit(.minutes(2))) struct APIHostsTests {
    @Test(arguments: [
        "http://169.254.169.254", "https://169.254.0.1:8443/cd", "HTTP://169.254.169.254", "http://169.254.169.254.",
        "http://2852039166", "http://0xA9FEA9FE",
        "http://0xa9.0xfe.1", "http://0251.0376.0251.0376", "http://169.254.43518", "http://169.16689662",
        "http://[fe80::1]", "http://[FEBF::1]:8080",
        "http://[::ffff:169.254.169.254]", "http://[::ffff:a9fe:a9fe]", "http://[::169.254.169.254]",
        "http://[64:ff9b::a9fe:a9fe]", "http://[2002:a9fe:a9fe::1]",
        "http://[0:0:0:0:0:ffff:a9fe:1]",
    ])
    func linkLocalAddressesAreRefusedInEverySpelling(_ apiURI: String) {
        for hosts in [APIHosts(), APIHosts(own: apiURI), APIHosts(admitted: ["169.254.169.254", "*.test"])] {
            #expect(hosts.refusal(of: apiURI)?.contains("link-local") == true)
        }
        #expect(throws: BuildMessageError.self) { try Self.context(apiURI).message.get() }
    }

    @Test(arguments: [
        "http://169.253.1.1", "http://170.254.1.1", "http://10.169.254.1", "http://[fec0::1]", "http://[::1]",
        "http://[fd00::a9fe:a9fe]", "http://127.0.0.1:1",
        "https://api.test", "https://169.254.169.254.test", "http://a9fea9fe.test",
    ])
    func othersAreAdmittedWhereNothingIsSaid(_ apiURI: String) throws {
        #expect(APIHosts().refusal(of: apiURI) == nil)
        #expect(try Self.context(apiURI).message.get().build?.apiURI == apiURI)
    }

    @Test(arguments: [
        ("https://api.test", true), ("http://API.test:8080/cd", true), ("https://api.test.", true),
        ("https://own.test", true), ("https://own.test:1", false),
        ("https://a.builds.test", true), ("https://a.b.builds.test", true), ("https://builds.test", false),
        ("https://abuilds.test", false),
        ("https://.builds.test", false), ("https://api.test.evil.test", false), ("https://evil.test/api.test", false),
        ("http://127.0.0.1", false),
        ("http://[fd00::7]:80", true), ("http://10.0.0.7", true), ("http://167772167", false),
        ("http://10.0.0.8", false),
    ])
    func onlyThoseOfTheListAreAdmitted(_ apiURI: String, _ isAdmitted: Bool) {
        let hosts = APIHosts(own: "https://own.test", admitted: ["api.test", "*.Builds.test", "fd00::7", "10.0.0.7"])
        #expect((hosts.refusal(of: apiURI) == nil) == isAdmitted)
        guard !isAdmitted, apiURI != "https://.builds.test" else { return }
        let error = #expect(throws: BuildMessageError.self) { try Self.context(apiURI, hosts).message.get() }
        #expect(error?.reason == "invalid-field")
        #expect(error?.description == "invalid: buildConfig.apiUri: its host is none of ECOSYSTEM_API_HOSTS")
    }

    /// It asks the build API nothing.
    @Test func aStopNeedsNoAPI() throws {
        #expect(throws: Never.self) {
            try Self.context("http://evil.test", APIHosts(admitted: ["api.test"]), job: "stop").message.get()
        }
        #expect(throws: BuildMessageError.self) {
            try Self.context("http://evil.test", APIHosts(admitted: ["api.test"]), job: "verify").message.get()
        }
    }

    /// Whatever asked for it: a note from the spool, a poisonous message.
    @Test func nothingIsSent() async throws {
        let server = try StubServer { _ in .status(200, body: #"{"status":"QUEUED"}"#) }
        defer { server.stop() }
        let client = BuildAPIClient(
            transport: HTTPTransport(), deadline: .seconds(10),
            hosts: APIHosts(own: "https://own.test", admitted: ["api.test"]))
        let error = await #expect(throws: BuildAPIError.self) {
            try await client.update(
                BuildID(rawValue: 1), at: server.url, token: Secret("t"), with: BuildUpdate(status: "FAILURE"))
        }
        #expect(error?.code == .forbidden)
        #expect(
            error?.isRefusal == true && error?.isRetriable == false && error?.isPotentialOutage == false
                && error?.problem.failureClass == .message)
        #expect(error?.description == "update build 1: not sent: its host is none of ECOSYSTEM_API_HOSTS")
        #expect(server.requests.isEmpty)
    }

    /// Names are looked up by then: it is the address that counts.
    @Test func noSocketIsOpenedToALinkLocalAddress() async throws {
        var options = HTTPOptions(name: "build_api")
        options.refusesLinkLocal = true
        let transport = HTTPTransport(options)
        for host in ["169.254.169.254", "2852039166", "[fe80::1]", "[::ffff:169.254.1.1]"] {
            let error = await #expect(throws: HTTPError.self) {
                _ = try await transport.send(HTTPRequest(method: "GET", url: "http://\(host)/"), deadline: .seconds(30))
            }
            #expect(
                error?.code == .invalidURL && error?.detail == "its name leads to a link-local address",
                "\(host): \(String(describing: error))")
            #expect(error?.isRetriable == false)
        }
        let server = try StubServer { _ in .status(200) }
        defer { server.stop() }
        #expect(
            try await transport.send(HTTPRequest(method: "GET", url: server.url), deadline: .seconds(10)).status == 200)
    }

    @Test(arguments: ["http://169.254.169.254", "https://[fe80::1]"])
    func theWorkersOwnIsNoneEither(_ apiURI: String) {
        let problems = ConfigurationFixture.problems(["ECOSYSTEM_API": apiURI])
        #expect(problems.map(\.key) == ["ecosystem.api"] && problems.first?.expectation.contains("link-local") == true)
    }

    @Test(arguments: ["https://api.test", "api.test:443", "*", "*.", "a.*.test", "api.test,", ",", "[1]", "u@api.test"])
    func listsThatAreNoneAreRefused(_ hosts: String) {
        #expect(ConfigurationFixture.problems(["ECOSYSTEM_API_HOSTS": hosts]).map(\.key) == ["ecosystem.apiHosts"])
    }

    private static func context(_ apiURI: String, _ hosts: APIHosts = APIHosts(), job: String = "start")
        -> DeliveryContext
    {
        let body: JSONValue = [
            "job": .string(job),
            "buildConfig": ["buildId": 1, "container": "a", "token": "t", "apiUri": .string(apiURI)],
        ]
        let delivery = Delivery(
            tag: DeliveryTag(generation: 1, channel: 1, number: 1), queue: "builds", isRedelivered: false,
            properties: MessageProperties(), body: body.serialized())
        return DeliveryContext(
            delivery, options: RabbitMQOptions(), apiHosts: hosts,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }
}
