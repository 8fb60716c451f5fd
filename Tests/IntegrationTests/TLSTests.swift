import Foundation
import TestSupport
import Testing

@testable import BuildWorker

extension Integration {
    /// `amqps` against the broker's own TLS listener, with an authority made for the test.
    @Suite(.simulatedClusterOnly("the broker and its certificates")) struct TLSTests {
        private func openssl(_ directory: URL, _ arguments: String...) async throws {
            let child = try ChildProcess(
                URL(fileURLWithPath: "/bin/sh"), ["-c", "cd '\(directory.path)' && umask 077 && openssl \(arguments.joined(separator: " "))"])
            let code = try await child.waitForExit()
            #expect(code == 0, "\(child.errors)")
        }

        /// ca.pem and server.pem for `localhost`, and other.pem that signed nothing.
        private func makeCertificates() async throws -> URL {
            let directory = Surroundings.directory.appendingPathComponent(Surroundings.newName("tls"))
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            for name in ["ca", "other"] {
                try await self.openssl(directory, "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=\(name) -keyout \(name).key -out \(name).pem")
            }
            try await self.openssl(directory, "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr")
            try Data("subjectAltName=DNS:localhost".utf8).write(to: directory.appendingPathComponent("names"))
            try await self.openssl(
                directory, "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem")
            return directory
        }

        @Test func onlyTheRightAuthorityAndTheRightHostAreBelieved() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let directory = try await self.makeCertificates()
            let port = try FreePort.find()
            let files = [("cacertfile", "ca.pem"), ("certfile", "server.pem"), ("keyfile", "server.key")]
                .map { "{\($0),\"\(directory.appendingPathComponent($1).path)\"}" }.joined(separator: ",")
            try await stage.broker.ctl(
                "eval", "{ok, _} = application:ensure_all_started(ssl), ok = rabbit_networking:start_ssl_listener({\"127.0.0.1\", \(port), auto}, [\(files)], 2).")
            func environment(_ host: String, _ ca: String) -> [String: String] {
                [
                    "RABBITMQ_PROTOCOL": "amqps", "RABBITMQ_HOST": host, "RABBITMQ_PORT": String(port),
                    "RABBITMQ_CA_FILE": directory.appendingPathComponent(ca).path,
                ]
            }
            for (host, ca, words) in [("localhost", "other.pem", "peer cert verification"), ("127.0.0.1", "ca.pem", "hostname verification")] {
                let refused = try await WorkerProcess.run(["topology", "check"], environment: stage.environment(environment(host, ca)))
                #expect(refused.code == 69)
                #expect(refused.errors.contains(words), "\(refused.errors)")
            }
            let worker = try stage.startWorker(["run"], environment("localhost", "ca.pem"))
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("a build goes through") { try await stage.simulator.state().hostname(1) != nil }
            try await worker.terminate()
        }
    }
}
