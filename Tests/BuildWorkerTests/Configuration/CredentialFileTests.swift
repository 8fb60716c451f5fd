import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Support

/// Variables that name files with credentials.
@Suite struct CredentialFileTests {
    @Test func theFilesTextIsTheValue() throws {
        try ConfigurationFixture.withDirectory(["user": "mallory\n", "password": " pass word \r\n"]) { directory in
            let loaded = try ConfigurationFixture.load([
                "RABBITMQ_USERNAME_FILE": "\(directory)/user", "RABBITMQ_PASSWORD_FILE": "\(directory)/password",
            ])
            #expect(loaded.configuration.rabbitmq.username == "mallory")
            #expect(loaded.configuration.rabbitmq.password == Secret("pass word"))
            #expect(loaded.notes.isEmpty)
            let row = try #require(loaded.report.rows.first { $0.key == "rabbitmq.password" })
            #expect((row.value, row.origin.description) == ("<redacted>", "variable RABBITMQ_PASSWORD_FILE"))
        }
    }

    /// A mounted file goes before a file of the operator's, as every variable does.
    @Test func itGoesBeforeTheConfigurationsFile() throws {
        try ConfigurationFixture.withDirectory(["user": "mallory", "config.yaml": "rabbitmq: { username: alice }"]) {
            directory in
            let configuration = try ConfigurationFixture.configuration(
                ["RABBITMQ_USERNAME_FILE": "\(directory)/user"], file: "\(directory)/config.yaml")
            #expect(configuration.rabbitmq.username == "mallory")
        }
    }

    @Test func everySecretHasOne() {
        let variables = VariableMap(path: "\(ConfigurationFixture.directory)/environment.yaml").variables
        for setting in Setting.all where setting.isSecret {
            let name = "\(variables[setting.key] ?? "")_FILE"
            // Read once at the start, or a setting of its own.
            let problems = ConfigurationFixture.problems([name: "/nowhere/secret"])
            #expect(!problems.isEmpty || variables.values.contains(name), "\(name)")
        }
    }

    @Test(arguments: [
        ("", "is not empty"), (" \n\t", "is not empty"), (String(repeating: "x", count: 70_000), "at most 65536 bytes"),
        ("a\u{1}b", "without control characters"),
    ])
    func refusesFilesThatHoldNoCredential(_ text: String, _ expectation: String) throws {
        try ConfigurationFixture.withFile(text) { file in
            let problems = ConfigurationFixture.problems(["RABBITMQ_USERNAME_FILE": file, "RABBITMQ_PORT": "0"])
            #expect(problems.map(\.key) == ["rabbitmq.username", "rabbitmq.port"], "all at once")
            #expect(problems.first?.origin == .variable("RABBITMQ_USERNAME_FILE"))
            #expect(problems.first?.expectation.contains(expectation) == true, "\(problems)")
        }
    }

    @Test(arguments: ["/nowhere/secret", "/"])
    func refusesFilesThatCannotBeRead(path: String) {
        let problems = ConfigurationFixture.problems(["RABBITMQ_PASSWORD_FILE": path])
        #expect(problems.map(\.key) == ["rabbitmq.password"])
        #expect(problems.first?.expectation.contains("a file that can be read") == true, "\(problems)")
        #expect(problems.first?.value == "\"\(path)\"")
    }

    @Test func bothAreOneTooMany() throws {
        try ConfigurationFixture.withFile("hunter2") { file in
            let problems = ConfigurationFixture.problems([
                "RABBITMQ_PASSWORD_FILE": file, "RABBITMQ_PASSWORD": "hunter3",
            ])
            #expect(
                problems.map(\.expectation) == ["must not be set where RABBITMQ_PASSWORD is: which of the two counts?"])
            #expect(!"\(ConfigurationError(problems))".contains("hunter"))
            // Set to nothing is not set.
            let password = try ConfigurationFixture.configuration([
                "RABBITMQ_PASSWORD_FILE": file, "RABBITMQ_PASSWORD": "",
            ]).rabbitmq.password
            #expect(password == Secret("hunter2"))
        }
    }

    @Test func aNameThatIsMisspeltIsNoted() throws {
        let notes = try ConfigurationFixture.load(["RABBITMQ_PASSWORT_FILE": "/run/secrets/x"]).notes
        #expect(notes == ["RABBITMQ_PASSWORT_FILE is not a known variable. Is RABBITMQ_PASSWORD_FILE meant?"])
    }
}
