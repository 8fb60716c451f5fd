import Foundation
import TestSupport

@testable import BuildWorker

/// The machine's kubectl, as administrator of the private cluster.
struct Kubectl {
    let cluster: RealCluster

    /// - Throws: when kubectl fails, with its words.
    @discardableResult
    func run(_ arguments: String..., input: String? = nil) async throws -> String {
        let outcome = try await self.outcome(arguments, input)
        guard outcome.code == 0 else {
            throw NotInTime(
                description: "kubectl \(arguments.joined(separator: " ")): \(outcome.code) \(outcome.errors)")
        }
        return outcome.output
    }

    /// Where kubectl may fail, and how is what is asked.
    func attempt(_ arguments: String..., input: String? = nil) async throws -> (
        code: Int32, output: String, errors: String
    ) {
        try await self.outcome(arguments, input)
    }

    private func outcome(_ arguments: [String], _ input: String?) async throws -> (
        code: Int32, output: String, errors: String
    ) {
        let child = try ChildProcess(
            URL(fileURLWithPath: "/usr/bin/kubectl"), ["--kubeconfig", self.cluster.kubeconfig.path] + arguments,
            input: input.map { Data($0.utf8) })
        return (try await child.waitForExit(), child.output, child.errors)
    }

    /// What an overlay of `Config/kubernetes` makes, as one YAML stream.
    func render(overlay: String) async throws -> String {
        try await self.run(
            "kustomize", Surroundings.sourceRoot.appendingPathComponent("Config/kubernetes/overlays/\(overlay)").path)
    }
}
