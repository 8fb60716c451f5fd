internal import ArgumentParser
internal import BuildWorker
internal import Foundation

struct Trust: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a bundle of trusted authorities with the cluster's added.",
        discussion: """
            The worker trusts what \(ClusterTrust.systemBundle) holds and nothing else, because URLSession
            does. An init container runs this into a shared volume, and the worker's container mounts the file written here
            over that path:

              worker trust --ca /var/run/secrets/kubernetes.io/serviceaccount/ca.crt --out /trust/ca-certificates.crt

            The whole bundle is read for each connection. Where neither the cluster, the build API nor RabbitMQ (with its RABBITMQ_CA_FILE)
            has a certificate of a public authority, --only makes a small one.
            """)

    @Option(name: .long, help: "PEM file with the authority to add; may be repeated.")
    var ca: [String]

    @Option(name: .long, help: "The file to write.")
    var out: String

    @Option(name: .long, help: "The bundle to start from (default: \(ClusterTrust.systemBundle)).")
    var bundle: String?

    @Flag(name: .long, help: "Start from no bundle: only the authorities of --ca are written.")
    var only = false

    func validate() throws {
        if self.ca.isEmpty { throw ValidationError("name at least one --ca FILE") }
        if self.only, self.bundle != nil { throw ValidationError("--only starts from no bundle: leave --bundle or --only out") }
    }

    func run() async throws {
        var bundles: [String] = []
        for file in (self.only ? [] : [self.bundle ?? ClusterTrust.systemBundle]) + self.ca {
            guard let content = FileManager.default.contents(atPath: file) else {
                printError("cannot read \(file)")
                throw Exit.failed
            }
            let text = String(decoding: content, as: UTF8.self)
            guard !ClusterTrust.merged([text]).isEmpty else {
                printError("there is no certificate in \(file)")
                throw Exit.failed
            }
            bundles.append(text)
        }
        do {
            try Data(ClusterTrust.merged(bundles).utf8).write(to: URL(fileURLWithPath: self.out), options: .atomic)
        } catch {
            printError("cannot write \(self.out): \(error.localizedDescription)")
            throw Exit.failed
        }
        print("wrote \(self.out)")
    }
}
