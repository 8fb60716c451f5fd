import Testing

@testable import BuildWorker

@Suite struct OwnNamesTests {
    private let names = OwnNames(["worker-0", "Builds.example.com", "0.0.0.0"])

    @Test(arguments: [
        "localhost", "LOCALHOST:8081", "localhost.", "127.0.0.1", "10.1.2.3:8080", "[::1]", "[fd00::7]:8081",
        "worker-0", "worker-0:80",
        "builds.example.com", "builds.example.com.:443", "BUILDS.example.com",
    ])
    func areAnswered(host: String) { #expect(self.names.contain(host)) }

    @Test(arguments: [
        "", " ", "evil.example", "evil.example:8081", "localhost.evil.example", "127.0.0.1.evil.example",
        "127.0.0.1@evil.example", "127.1", "0x7f.0.0.1",
        "worker-0.evil.example", "example.com", "localhost:", "localhost:99999", "localhost:80:80", "[evil.example]",
        "[::1", "::1", "http://localhost", "localhost/",
    ])
    func othersAreNot(host: String) { #expect(!self.names.contain(host)) }
}
