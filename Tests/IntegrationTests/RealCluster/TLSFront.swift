import Foundation
import TestSupport

@testable import BuildWorker

/// A TLS server with a certificate of a test's choice, in front of the private cluster's API server.
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

    /// - Parameter certificate: signed by the cluster's own authority.
    static func start(_ certificate: Certificate, before cluster: RealCluster) async throws -> TLSFront {
        let directory = Surroundings.directory.appendingPathComponent(Surroundings.newName("front"))
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try Data("subjectAltName=\(certificate.name)\n".utf8).write(to: directory.appendingPathComponent("names"))
        let make = """
            umask 077
            openssl req -newkey rsa:2048 -nodes -subj /CN=front -keyout front.key -out front.csr
            openssl x509 -req -in front.csr -CA '\(cluster.authorityFile.path)' -CAkey '\(cluster.authorityKeyFile.path)' \
              -set_serial \(UInt32.random(in: 1 ... .max)) -days \(certificate.days) -extfile names -out front.crt
            """
        let openssl = try ChildProcess(URL(fileURLWithPath: "/bin/sh"), ["-ec", "cd '\(directory.path)'\n\(make)"])
        guard try await openssl.waitForExit() == 0 else { throw NotInTime(description: "openssl: \(openssl.errors)") }
        return try await TLSFront(directory: directory, before: cluster)
    }

    private init(directory: URL, before cluster: RealCluster) async throws {
        let target = cluster.plainServer.dropFirst("http://".count)
        // Port 0: socat tells at its second level of diagnostics which one it got.
        self.process = try ChildProcess(
            URL(fileURLWithPath: "/usr/bin/socat"),
            ["-d", "-d", "OPENSSL-LISTEN:0,bind=127.0.0.1,fork,verify=0,cert=\(directory.path)/front.crt,key=\(directory.path)/front.key", "TCP:\(target)"])
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

    /// SIGTERM may be blocked in what Foundation starts, and socat does not unblock it.
    func stop() { self.process.signal(SIGKILL) }
}
