import Foundation
import TestSupport
import Yams

@testable import BuildWorker

/// Kinds that are not Kubernetes' own but KEDA's and the Prometheus operator's: `Tests/CustomResources` has of their definitions what
/// is used here, with the names and types that those have.
enum CustomResources {
    /// Defines them, and waits until kubectl knows their fields.
    static func define(by kubectl: Kubectl) async throws {
        let directory = Surroundings.sourceRoot.appendingPathComponent("Tests/CustomResources")
        try await kubectl.run("apply", "--filename", directory.path)
        for name in ["scaledobject", "triggerauthentication", "podmonitor"] {
            // The API server publishes schemas a moment after it serves their kinds.
            try await eventually("the fields of a \(name) are known") {
                let explained = try await kubectl.attempt("explain", "\(name).spec")
                return explained.code == 0 && explained.output.contains("FIELDS")
            }
        }
    }
}
