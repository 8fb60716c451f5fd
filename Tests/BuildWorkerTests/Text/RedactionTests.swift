import Testing

@testable import BuildWorker
@testable import Support

/// What people may see of what came from outside.
@Suite struct RedactionTests {
    @Test(arguments: [
        ("plain words, 4711", "plain words, 4711"), ("two\r\nlines\u{1B}[31m", "two  lines [31m"),
        ("right\u{202E}tfel", "right tfel"), ("", ""),
        // A web token, whole and cut.
        (
            "args: eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6ODYwOTIzMSwiYnVpbGRJZCI6ODY.We0bBdqQfqLlz7sTX5rshdtyT6bDv9sZvj2G3 end",
            "args: <redacted>.<redacted>.<redacted> end"
        ),
        ("…|R1c2VybmFtZSI6ODYwOTIzMSwiYnVpbGRJZCI6O|…", "…|<redacted>|…"),
        // Pieces of one: its beginning, and some of its middle.
        ("bearer eyJhbGciOi is invalid", "bearer <redacted> is invalid"),
        ("near 'c2VybmFtZSI6ODYwOT'", "near '<redacted>'"),
        (
            "jobs Deploy-to-Production-EU1 and CreateContainerConfigError1",
            "jobs Deploy-to-Production-EU1 and CreateContainerConfigError1"
        ),
        // What people need to read.
        (
            "node@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "node@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        ),
        ("0/3 nodes are available: 3 Insufficient cpu", "0/3 nodes are available: 3 Insufficient cpu"),
        (
            "pods \"a-very-long-pod-name-of-a-build-4711-k9zgg\" is forbidden",
            "pods \"a-very-long-pod-name-of-a-build-4711-k9zgg\" is forbidden"
        ),
    ])
    func textOfOthersIsMadeSafe(text: String, shown: String) { #expect(text.sanitizedForLog(limit: 200) == shown) }

    @Test func givenSecretsGoWhateverTheyLookLike() {
        let secret = Secret("correct-horse-battery-staple")
        #expect(
            "x horse-battery-st y battery".sanitizedForLog(limit: 100, hiding: [secret]) == "x <redacted> y battery",
            "half of one is too much")
        #expect(
            "token abc, again abc".sanitizedForLog(limit: 100, hiding: [Secret("abc"), Secret("")])
                == "token <redacted>, again <redacted>")
    }

    @Test func textIsCut() {
        #expect(String(repeating: "é ", count: 5000).sanitizedForLog(limit: 1000).count == 1000)
        // A token that stands across the cut is not shown in part.
        let text = String(repeating: ".", count: 90) + "R1c2VybmFtZSI6ODYwOTIzMSwiYnVpbGRJZCI6O"
        #expect(!text.sanitizedForLog(limit: 100).contains("R1c2"))
    }

    struct Row: CustomTestStringConvertible {
        let text: String
        /// As a report, an event or a member of a document has it.
        let inReport: String
        /// As a setting's value is shown.
        let inSetting: String
        var testDescription: String { self.text }

        init(_ text: String, _ inReport: String, _ inSetting: String? = nil) {
            (self.text, self.inReport, self.inSetting) = (text, inReport, inSetting ?? inReport)
        }
    }

    @Test(arguments: [
        Row("nothing of the kind", "nothing of the kind"),
        Row("http://u:p@push.test/x", "http://<redacted>@push.test/x"),
        Row("http://push.test/?a=1&b=2 end", "http://push.test/?<redacted> end"),
        // A password with a slash in it, and one without a scheme: only a setting may be read so.
        Row("amqp://u:p/w@host", "amqp://u:p/w@host", "amqp://<redacted>@host"),
        Row("u:p@host", "u:p@host", "<redacted>@host"),
        Row("registry:5000/node@sha256:9f86", "registry:5000/node@sha256:9f86", "<redacted>@sha256:9f86"),
        // Of settings each is shown for itself: nothing announces a secret.
        Row("password=hunter2, next", "password= <redacted>, next", "password=hunter2, next"),
        Row("Authorization: Basic dTpw", "Authorization: Basic <redacted>", "Authorization: Basic dTpw"),
        Row(#"{"token": "abc"}"#, #"{"token": <redacted>"}"#, #"{"token": "abc"}"#),
        Row("secret \"build-4711\" not found", "secret \"build-4711\" not found"),
    ])
    func addressesAndAnnouncedSecretsAreTakenOut(row: Row) {
        #expect(row.text.withoutCredentials == row.inReport)
        #expect(row.text.withoutUserinfo == row.inSetting)
    }

    /// Whatever shows a document hides what is not known to be harmless.
    @Test(arguments: [("message", ShownMembers.message), ("headers", .headers), ("job", .job), ("settings", .settings)])
    func noDocumentShowsAMemberThatNobodyKnows(name: String, shown: ShownMembers) {
        for member in ["jwt", "password", "token", "secret", "authorization", "somethingNew"] {
            let document: JSONValue = [
                member: "hunter2", "key": ["nested": "hunter2"], "buildConfig": [member: "hunter2"],
            ]
            #expect(!document.redacted(shown).text().contains("hunter2"), "\(member) in a \(name)")
        }
    }

    @Test func whatIsShownOfADocumentIsAText() {
        let message: JSONValue = ["buildConfig": ["apiUri": "http://u:p@api.test/?token=x", "container": "node:20"]]
        #expect(
            message.redacted(.message).text()
                == #"{"buildConfig":{"apiUri":"http://<redacted>@api.test/?<redacted>","container":"node:20"}}"#)
    }
}
