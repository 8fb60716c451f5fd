internal import Foundation
internal import Support
internal import Synchronization

/// The worker's API server token: configured, or read from the mounted file, which Kubernetes rotates.
final class ServiceAccountToken: Sendable {
    struct Missing: Error, CustomStringConvertible {
        let path: String
        let reason: String
        var description: String {
            "no token for the cluster: \(self.path) \(self.reason). Set K8S_TOKEN, or mount a service account"
        }
    }

    private struct State {
        var token: Secret?
        var version: FileVersion?
        /// When the file is checked next; checking is cheap, but not free.
        var nextLook: ContinuousClock.Instant?
    }

    private let fixed: Secret?
    private let path: String
    /// A client certificate may be sufficient.
    private let isOptional: Bool
    private let state = Mutex(State())

    init(_ options: KubernetesOptions) {
        (self.fixed, self.path, self.isOptional) = (options.token, options.tokenFile, options.clientCertFile != nil)
    }

    /// Whether rereading can help after a 401.
    var isFromFile: Bool { self.fixed == nil }

    /// - Parameter now: the file is checked once a second.
    /// - Returns: `nil` if there is a client certificate but no token file.
    func current(now: ContinuousClock.Instant = .now) throws(Missing) -> Secret? {
        if let fixed = self.fixed { return fixed }
        if self.isOptional, FileVersion(self.path) == nil { return nil }
        return try self.state.withLock { state throws(Missing) in
            if let token = state.token, let nextLook = state.nextLook, nextLook > now { return token }
            let last = state
            state = State()
            let (token, version) = try self.read(unlessStill: last)
            state = State(token: token, version: version, nextLook: now + .seconds(1))
            return token
        }
    }

    private func read(unlessStill last: State) throws(Missing) -> (Secret, FileVersion) {
        let text: String
        // Taken before the content: if the file is replaced in between, it is read again.
        guard let version = FileVersion(self.path) else { throw Missing(path: self.path, reason: "cannot be read") }
        do {
            if let token = last.token, last.version == version { return (token, version) }
            text = try String(contentsOfFile: self.path, encoding: .utf8).trimmingCharacters(
                in: .whitespacesAndNewlines)
        } catch { throw Missing(path: self.path, reason: "cannot be read") }
        guard !text.isEmpty else { throw Missing(path: self.path, reason: "is empty") }
        return (Secret(text), version)
    }

    /// The API server rejected it: the next use rereads the file even if unchanged.
    func invalidate() { self.state.withLock { $0 = State() } }
}
