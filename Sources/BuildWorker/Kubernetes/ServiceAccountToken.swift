internal import Foundation
internal import Synchronization

/// The token that the API server knows us by: given, or from the mounted file, which Kubernetes replaces from time to time.
final class ServiceAccountToken: Sendable {
    struct Missing: Error, CustomStringConvertible {
        let path: String
        let reason: String
        var description: String { "no token for the cluster: \(self.path) \(self.reason). Set K8S_TOKEN, or mount a service account" }
    }

    private struct State {
        var token: Secret?
        /// When the file's age is looked at again; looking is cheap, but not free.
        var nextLook: ContinuousClock.Instant?
        var modified: Date?
    }

    private let fixed: Secret?
    private let path: String
    private let state = Mutex(State())

    init(_ options: KubernetesOptions) { (self.fixed, self.path) = (options.token, options.tokenFile) }

    /// Whether reading again can help after a 401.
    var isFromFile: Bool { self.fixed == nil }

    func current() throws(Missing) -> Secret {
        if let fixed = self.fixed { return fixed }
        return try self.state.withLock { state throws(Missing) in
            if let token = state.token, let nextLook = state.nextLook, nextLook > .now { return token }
            state.nextLook = .now + .seconds(1)
            do {
                let modified = try FileManager.default.attributesOfItem(atPath: self.path)[.modificationDate] as? Date
                if let token = state.token, modified != nil, modified == state.modified { return token }
                let text = try String(contentsOfFile: self.path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
                guard !text.isEmpty else { throw Missing(path: self.path, reason: "is empty") }
                (state.token, state.modified) = (Secret(text), modified)
                return Secret(text)
            } catch let error as Missing { throw error } catch {
                throw Missing(path: self.path, reason: "cannot be read")
            }
        }
    }

    /// The API server did not take it: read it again at the next use.
    func invalidate() { self.state.withLock { $0 = State() } }
}
