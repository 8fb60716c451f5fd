import Foundation
import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

/// What the build API, and whoever stands before it, answers, and what each answer means.
@Suite struct BuildAPIAnswerTests {
    private static func error(_ status: Int, _ body: String, token: Secret? = nil) -> BuildAPIError {
        let bytes = Array(body.utf8)
        return BuildAPIError(
            "update build 4711", HTTPResponse(status: status, body: bytes), try? JSONValue(parsing: bytes), token: token
        )
    }

    /// As hapi words it.
    private static func own(_ status: Int, _ message: String) -> (Int, String) {
        (status, #"{"statusCode":\#(status),"error":"X","message":"\#(message)"}"#)
    }

    struct Meaning: Sendable, CustomTestStringConvertible {
        let code: BuildAPIError.Code
        var isRefusal = false
        var isRetriable = false
        var isPotentialOutage = false
        var failureClass = FailureClass.buildAPI
        let answers: [(Int, String)]
        var testDescription: String { "\(self.code), \(self.isRefusal ? "final" : "not final")" }
    }

    private static let meanings = [
        Meaning(
            code: .ended, isRefusal: true,
            answers: [
                own(403, "Can only update RUNNING, QUEUED, BLOCKED, FROZEN, or UNSTABLE builds"),
                own(403, "Can only update RUNNING, QUEUED, BLOCKED, and FROZEN builds"),
                own(404, "Build 4711 does not exist"), own(404, "Build does not exist"),
            ]),
        Meaning(code: .begun, isRefusal: true, answers: [own(403, "Build is already running or finished.")]),
        Meaning(
            code: .token, isRefusal: true, failureClass: .token,
            answers: [
                own(401, "Invalid token"), own(401, "Missing authentication"), own(401, "Token expired"), (401, ""),
                (401, "<html>"),
                own(403, "Credential only valid for 4712"), own(403, "Credential only valid for build 4712"),
                own(404, "Build Id parameter and token does not match"),
            ]),
        Meaning(
            code: .status, isRefusal: true,
            answers: [
                own(400, "Invalid request payload input"), own(403, "Can not update status to RUNNING"),
                own(403, "Insufficient scope"), own(404, "Not Found"), own(404, "Step x does not exist"),
                own(409, "Conflict"), own(422, "x"), (403, #"{"message":"said so"}"#),
                (400, #"{"statusCode":400,"error":"Bad Request"}"#),
            ]),
        Meaning(
            code: .status, isRetriable: true, isPotentialOutage: true,
            answers: [
                own(500, "An internal server error occurred"), own(503, "x"), (502, "<html>"), (503, "Can only update"),
                (504, ""), (429, ""), own(429, "Rate limit exceeded"),
            ]),
        Meaning(code: .status, isRetriable: true, answers: [(408, ""), (302, ""), (301, "<html>")]),
        Meaning(
            code: .foreignAnswer, isRetriable: true, isPotentialOutage: true,
            answers: [
                (404, "default backend - 404"), (404, ""), (404, "404 page not found\n"),
                (403, "<html><h1>403 Forbidden</h1></html>"), (403, "RBAC: access denied"),
                (405, "<html>"), (413, "<html>Request Entity Too Large</html>"),
                (400, "<html>The plain HTTP request was sent to HTTPS port</html>"),
                (404, #"{"code":404,"reason":"no route"}"#), (403, #"["Build 4711 does not exist"]"#),
                (404, #""Build 4711 does not exist""#),
            ]),
    ]

    @Test(arguments: meanings)
    func eachAnswerHasItsMeaning(_ meaning: Meaning) {
        for (status, body) in meaning.answers {
            let error = Self.error(status, body)
            #expect(error.code == meaning.code, "\(status) \(body)")
            #expect(error.problem.failureClass == meaning.failureClass, "\(status) \(body)")
            #expect(
                [error.isRefusal, error.isRetriable, error.isPotentialOutage] == [
                    meaning.isRefusal, meaning.isRetriable, meaning.isPotentialOutage,
                ], "\(status) \(body)")
        }
    }

    @Test func anExpiredTokenSaysSinceWhen() {
        let (status, body) = Self.own(401, "Token expired")
        let expired = Secret(token(claims: ["username": 4711, "exp": 1_700_000_000]))
        let error = Self.error(status, body, token: expired)
        #expect(
            error.description
                == #"update build 4711: the API does not take the build's token and says: 401 "Token expired; it expired at 2023-11-14T22:13:20.000Z""#
        )
        for other in [
            token(claims: ["exp": 4_000_000_000]), token(claims: ["exp": "soon"]), token(claims: ["exp": -1]),
            token(claims: [:]), "opaque",
        ] {
            #expect(!Self.error(status, body, token: Secret(other)).description.contains("it expired at"), "\(other)")
        }
        #expect(
            !Self.error(403, #"{"message":"Can only update QUEUED builds"}"#, token: expired).description.contains(
                "it expired at"), "that is another answer")
    }

    /// A proxy's doing, or a new key of the API's: it refuses everybody, and may not for long.
    @Test func aTokenThatIsValidAndRefusedMayBeTakenLater() {
        let valid = Secret(token(claims: ["username": 4711, "exp": 4_000_000_000]))
        for (status, body) in [Self.own(401, "Invalid token"), (401, "<html>")] {
            let error = Self.error(status, body, token: valid)
            #expect([error.isRefusal, error.isRetriable, error.isPotentialOutage] == [false, true, true], "\(body)")
        }
    }

    /// What never left this worker is not told as an answer of the API's.
    @Test(arguments: HTTPError.Code.allCases)
    func whatIsLocalIsOurs(code: HTTPError.Code) {
        let error = BuildAPIError(operation: "update build 1", code: .unreachable(code), message: "x")
        let isMessages = code == .invalidURL || code == .invalidToken
        #expect(error.problem.failureClass == (isMessages ? .message : code.isLocal ? .worker : .buildAPI))
        #expect(!error.isRefusal && (!code.isLocal || !error.isPotentialOutage))
        #expect(!error.description.contains("the API does not take"))
    }
}
