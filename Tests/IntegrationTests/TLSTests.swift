import Foundation
import TestSupport
import Testing

@testable import BuildWorker

extension Integration {
    /// `amqps` against the broker's own TLS listener, with an authority made for the test.
    @Suite(.simulatedClusterOnly("the broker and its certificates")) struct TLSTests {
        private func openssl(_ directory: URL, _ arguments: String...) async throws {
            let child = try ChildProcess(
                URL(fileURLWithPath: "/bin/sh"),
                ["-c", "cd '\(directory.path)' && umask 077 && openssl \(arguments.joined(separator: " "))"])
            let code = try await child.waitForExit()
            #expect(code == 0, "\(child.errors)")
        }

        /// ca.pem, and of it server.pem for `localhost` and client.pem; other.pem that signed nothing but stranger.pem.
        private func makeCertificates() async throws -> URL {
            let directory = Surroundings.directory.appendingPathComponent(Surroundings.newName("tls"))
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            for name in ["ca", "other"] {
                try await self.openssl(
                    directory,
                    "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=\(name) -keyout \(name).key -out \(name).pem")
            }
            try Data("subjectAltName=DNS:localhost".utf8).write(to: directory.appendingPathComponent("names"))
            for (name, authority) in [("server", "ca"), ("client", "ca"), ("stranger", "other")] {
                try await self.openssl(
                    directory, "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout \(name).key -out \(name).csr")
                try await self.openssl(
                    directory,
                    "x509 -req -in \(name).csr -CA \(authority).pem -CAkey \(authority).key -CAcreateserial -days 2 -extfile names -out \(name).pem"
                )
            }
            return directory
        }

        /// - Parameter options: of the listener, in Erlang.
        /// - Returns: its port.
        private func listen(_ broker: Broker, _ directory: URL, _ options: String...) async throws -> Int {
            let port = try FreePort.find()
            let files = [("cacertfile", "ca.pem"), ("certfile", "server.pem"), ("keyfile", "server.key")]
                .map { "{\($0),\"\(directory.appendingPathComponent($1).path)\"}" }
            let all = (files + options).joined(separator: ",")
            try await broker.ctl(
                "eval",
                "{ok, _} = application:ensure_all_started(ssl), ok = rabbit_networking:start_ssl_listener({\"127.0.0.1\", \(port), auto}, [\(all)], 2)."
            )
            return port
        }

        @Test func onlyTheRightAuthorityAndTheRightHostAreBelieved() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let directory = try await self.makeCertificates()
            let port = try await self.listen(stage.broker, directory)
            func environment(_ host: String, _ ca: String) -> [String: String] {
                [
                    "RABBITMQ_PROTOCOL": "amqps", "RABBITMQ_HOST": host, "RABBITMQ_PORT": String(port),
                    "RABBITMQ_CA_FILE": directory.appendingPathComponent(ca).path,
                ]
            }
            for (host, ca, words) in [
                ("localhost", "other.pem", "peer cert verification"), ("127.0.0.1", "ca.pem", "hostname verification"),
            ] {
                let refused = try await WorkerProcess.run(
                    ["topology", "check"], environment: stage.environment(environment(host, ca)))
                #expect(refused.code == 69)
                #expect(refused.errors.contains(words), "\(refused.errors)")
            }
            let worker = try stage.startWorker(["run"], environment("localhost", "ca.pem"))
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("a build goes through") { try await stage.simulator.state().hostname(1) != nil }
            try await worker.terminate()
        }

        @Test func aBrokerThatDemandsACertificateGetsOurs() async throws {
            let stage = try await Stage.set()
            defer { stage.clear() }
            let directory = try await self.makeCertificates()
            let port = try await self.listen(
                stage.broker, directory, "{verify,verify_peer}", "{fail_if_no_peer_cert,true}")
            func environment(_ name: String?, key: String? = nil) -> [String: String] {
                var environment = [
                    "RABBITMQ_PROTOCOL": "amqps", "RABBITMQ_HOST": "localhost", "RABBITMQ_PORT": String(port),
                    "RABBITMQ_CA_FILE": directory.appendingPathComponent("ca.pem").path,
                ]
                if let name {
                    environment["RABBITMQ_CERT_FILE"] = directory.appendingPathComponent("\(name).pem").path
                    environment["RABBITMQ_KEY_FILE"] = directory.appendingPathComponent("\(key ?? name).key").path
                }
                return environment
            }
            for (refused, words) in [
                (
                    environment(nil),
                    "if the broker demands a client certificate, set RABBITMQ_CERT_FILE and RABBITMQ_KEY_FILE"
                ),
                (environment("stranger"), "the broker may not take the client certificate (RABBITMQ_CERT_FILE)"),
                (
                    environment("client", key: "stranger"),
                    "use the client certificate \(directory.path)/client.pem with the key \(directory.path)/stranger.key"
                ),
            ] {
                let check = try await WorkerProcess.run(["topology", "check"], environment: stage.environment(refused))
                #expect(check.code == 69)
                #expect(check.errors.contains(words), "\(check.errors)")
            }
            let worker = try stage.startWorker(["run"], environment("client"))
            try await worker.waitUntilConsuming()
            try await stage.publish(stage.start(1, image: "fate/running:1"))
            try await eventually("a build goes through") { try await stage.simulator.state().hostname(1) != nil }
            try await worker.terminate()
        }
    }
}
