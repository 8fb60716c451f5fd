import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support

/// No secret leaves through a description.
@Suite(.timeLimit(.minutes(2))) struct HTTPSecrecyTests {
    @Test func descriptionsShowNoSecret() async throws {
        let server = try StubServer { _ in .reset }
        defer { server.stop() }
        let url = "http://user:passw0rd@127.0.0.1:\(server.port)/path?key=qu3ry#fr4gment"
        let request = HTTPRequest(method: "PUT", url: url, bearer: Secret("t0ken"), body: Array("s3cret".utf8))
        let error = await #expect(throws: HTTPError.self) {
            try await HTTPTransport().send(request, deadline: .seconds(30))
        }
        var dumped = ""
        dump(request, to: &dumped)
        let texts = [
            "\(request)", String(reflecting: request), "\(String(describing: error))", String(reflecting: error),
            dumped,
        ]
        for text in texts {
            for secret in ["t0ken", "s3cret", "passw0rd", "user", "qu3ry", "fr4gment"] {
                #expect(!text.contains(secret), "\(secret) in \(text)")
            }
        }
        #expect(request.description == "PUT http://127.0.0.1:\(server.port)/path")
    }
}
