import Foundation
import TestSupport

@testable import BuildWorker

/// The machine's kubectl, as administrator of the private cluster.
struct Kubectl {
    let cluster: RealCluster

    @discardableResult
    func run(_ arguments: String..., input: String? = nil) async throws -> String {
        let child = try ChildProcess(
            URL(fileURLWithPath: "/usr/bin/kubectl"), ["--kubeconfig", self.cluster.kubeconfig.path] + arguments, input: input.map { Data($0.utf8) })
        let code = try await child.waitForExit()
        guard code == 0 else { throw NotInTime(description: "kubectl \(arguments.joined(separator: " ")): \(code) \(child.errors)") }
        return child.output
    }

    /// What an overlay of `Config/kubernetes` makes, as one YAML stream.
    func render(overlay: String) async throws -> String {
        try await self.run("kustomize", Surroundings.sourceRoot.appendingPathComponent("Config/kubernetes/overlays/\(overlay)").path)
    }
}
