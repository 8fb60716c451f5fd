import Foundation
import TestSupport

@testable import BuildWorker

/// A TLS server with a certificate of a test's choice, in front of another server.
final class TLSFront: Sendable {
    /// What a certificate says.
    struct Certificate: Sendable {
        /// For example `DNS:localhost`.
        var name = "DNS:localhost"
        /// From now; negative: it has expired.
        var days = 2
    }

    let port: Int
    private let process: ChildProcess

    /// A key and a certificate (`tls.key`, `tls.crt`) in a new directory, with the authority's (`ca.crt`).
    ///
    /// - Parameters:
    ///   - subject: for example `/O=system:masters/CN=somebody`.
    ///   - authority: certificate and key; `nil`: a new one.
    static func make(_ certificate: Certificate, subject: String = "/CN=front", by authority: (URL, URL)?) async throws
        -> URL
    {
        let directory = Surroundings.directory.appendingPathComponent(Surroundings.newName("tls"))
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Data("subjectAltName=\(certificate.name)\n".utf8).write(to: directory.appendingPathComponent("names"))
        let signer =
            authority.map { "cp '\($0.path)' ca.crt; cp '\($1.path)' ca.key" }
            ?? "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/CN=another authority' -keyout ca.key -out ca.crt"
        let make = """
            umask 077
            \(signer)
            openssl req -newkey rsa:2048 -nodes -subj '\(subject)' -keyout tls.key -out tls.csr
            openssl x509 -req -in tls.csr -CA ca.crt -CAkey ca.key \
              -set_serial \(UInt32.random(in: 1 ... .max)) -days \(certificate.days) -extfile names -out tls.crt
            """
        let openssl = try ChildProcess(URL(fileURLWithPath: "/bin/sh"), ["-ec", "cd '\(directory.path)'\n\(make)"])
        guard try await openssl.waitForExit() == 0 else { throw NotInTime(description: "openssl: \(openssl.errors)") }
        return directory
    }

    /// - Parameter certificate: signed by the cluster's own authority.
    static func start(_ certificate: Certificate, before cluster: RealCluster) async throws -> TLSFront {
        let made = try await Self.make(certificate, by: (cluster.authorityFile, cluster.authorityKeyFile))
        return try await TLSFront(made, before: cluster.plainServer)
    }

    /// - Parameters:
    ///   - directory: has `tls.key` and `tls.crt`.
    ///   - server: `http://host:port`.
    ///   - port: `nil`: a free one.
    ///   - clientAuthority: whose certificate each client must show; `nil`: none.
    convenience init(_ directory: URL, before server: String, port: Int? = nil, demanding clientAuthority: URL? = nil)
        async throws
    {
        try await self.init(
            directory, target: "TCP:\(server.dropFirst("http://".count))", port: port, demanding: clientAuthority)
    }

    /// - Parameter script: of a shell, which reads one request and writes one answer.
    convenience init(_ directory: URL, answeringBy script: String) async throws {
        let file = directory.appendingPathComponent("answer.sh")
        try Data(script.utf8).write(to: file)
        try await self.init(directory, target: "EXEC:/bin/sh \(file.path)", port: nil, demanding: nil)
    }

    private init(_ directory: URL, target: String, port: Int?, demanding clientAuthority: URL?) async throws {
        // Port 0: socat tells at its second level of diagnostics which one it got.
        self.process = try ChildProcess(
            URL(fileURLWithPath: "/usr/bin/socat"),
            [
                "-d", "-d",
                "OPENSSL-LISTEN:\(port ?? 0),bind=127.0.0.1,reuseaddr,fork,cert=\(directory.path)/tls.crt,key=\(directory.path)/tls.key,"
                    + (clientAuthority.map { "verify=1,cafile=\($0.path)" } ?? "verify=0"), target,
            ])
        let process = self.process
        var found: Int?
        try await eventually("the front listens") {
            guard process.isRunning else { throw NotInTime(description: "socat: \(process.errors)") }
            found = process.errors.firstMatch(of: /listening on AF=2 127\.0\.0\.1:(\d+)/).flatMap { Int($0.output.1) }
            return found != nil
        }
        guard let found else { throw NotInTime(description: "socat names no port") }
        self.port = found
    }

    /// It and its children, one a connection, do nothing any more.
    func pause() { self.process.signalGroup(SIGSTOP) }

    /// SIGTERM may be blocked in what Foundation starts, and socat does not unblock it.
    func stop() { self.process.signalGroup(SIGKILL) }
}
