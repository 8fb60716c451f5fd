import Testing

@testable import BuildWorker

/// No secret leaves through a description.
@Suite(.timeLimit(.minutes(2))) struct HTTPSecrecyTests {
    @Test func descriptionsShowNoSecret() async throws {
        let server = try StubServer { _ in .reset }
        defer { server.stop() }
        let url = "http://user:passw0rd@127.0.0.1:\(server.port)/path?key=qu3ry#fr4gment"
        let request = HTTPRequest(method: "PUT", url: url, bearer: Secret("t0ken"), body: Array("s3cret".utf8))
        let error = await #expect(throws: HTTPError.self) { try await HTTPTransport().send(request, deadline: .seconds(30)) }
        var dumped = ""
        dump(request, to: &dumped)
        let texts = ["\(request)", String(reflecting: request), "\(String(describing: error))", String(reflecting: error), dumped]
        for text in texts {
            for secret in ["t0ken", "s3cret", "passw0rd", "user", "qu3ry", "fr4gment"] { #expect(!text.contains(secret), "\(secret) in \(text)") }
        }
        #expect(request.description == "PUT http://127.0.0.1:\(server.port)/path")
    }

    @Test(arguments: [
        ("plain words, 4711", "plain words, 4711"), ("two\r\nlines\u{1B}[31m", "two  lines [31m"), ("right\u{202E}tfel", "right tfel"), ("", ""),
        // A web token, whole and cut.
        ("args: eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ODYwOTIzMSwiYnVpbGRJZCI6ODY.We0bBdqQfqLlz7sTX5rshdtyT6bDv9sZvj2G3 end", "args: <redacted>.<redacted>.<redacted> end"),
        ("…|R1c2VybmFtZSI6ODYwOTIzMSwiYnVpbGRJZCI6O|…", "…|<redacted>|…"),
        // Pieces of one: its beginning, and some of its middle.
        ("bearer eyJhbGciOi is invalid", "bearer <redacted> is invalid"), ("near 'c2VybmFtZSI6ODYwOT'", "near '<redacted>'"),
        ("jobs Deploy-to-Production-EU1 and CreateContainerConfigError1", "jobs Deploy-to-Production-EU1 and CreateContainerConfigError1"),
        // What people need to read.
        ("node@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "node@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        ("0/3 nodes are available: 3 Insufficient cpu", "0/3 nodes are available: 3 Insufficient cpu"),
        ("pods \"a-very-long-pod-name-of-a-build-4711-k9zgg\" is forbidden", "pods \"a-very-long-pod-name-of-a-build-4711-k9zgg\" is forbidden"),
    ])
    func textOfOthersIsMadeSafe(text: String, shown: String) { #expect(text.safeToShow(limit: 200) == shown) }

    @Test func givenSecretsGoWhateverTheyLookLike() {
        let secret = Secret("correct-horse-battery-staple")
        #expect("x horse-battery-st y battery" .safeToShow(limit: 100, hiding: [secret]) == "x <redacted> y battery", "half of one is too much")
        #expect("token abc, again abc".safeToShow(limit: 100, hiding: [Secret("abc"), Secret("")]) == "token <redacted>, again <redacted>")
    }

    @Test func textIsCut() {
        #expect(String(repeating: "é ", count: 5000).safeToShow(limit: 1000).count == 1000)
        // A token that stands across the cut is not shown in part.
        let text = String(repeating: ".", count: 90) + "R1c2VybmFtZSI6ODYwOTIzMSwiYnVpbGRJZCI6O"
        #expect(!text.safeToShow(limit: 100).contains("R1c2"))
    }
}
