internal import Foundation
internal import Synchronization

/// Certificates or a key in a file that may be replaced at any time (Kubernetes does so with what it mounts).
///
/// What cannot be read, or holds nothing of its kind, is not used: then the content before it stays in use.
package final class PEMFile: Sendable {
    package enum Kind: String, Sendable {
        case certificates = "CERTIFICATE"
        case privateKey = "PRIVATE KEY"
    }

    private struct Unusable: Error { let description: String }

    /// Never changes nor moves, so that libcurl may point to it, and identity tells whether the file has changed.
    ///
    /// Unchecked: the bytes are written before anybody else sees them, and never again.
    final class Content: @unchecked Sendable {
        let bytes: UnsafeRawBufferPointer

        init(_ bytes: Data) {
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            copy.copyBytes(from: bytes)
            self.bytes = UnsafeRawBufferPointer(copy)
        }

        deinit { self.bytes.deallocate() }
    }

    private struct State {
        var content: Content?
        var version: FileVersion?
        var nextLook: ContinuousClock.Instant?
    }

    package let path: String
    private let kind: Kind
    private let state = Mutex(State())
    /// Told once of each version that cannot be used.
    private let onProblem: @Sendable (String) -> Void

    package init(_ path: String, _ kind: Kind, onProblem: @escaping @Sendable (String) -> Void = { _ in }) {
        (self.path, self.kind, self.onProblem) = (path, kind, onProblem)
    }

    /// - Parameter now: the file is looked at once a second.
    /// - Returns: `nil` where it was never usable. That must not be taken for "none is asked for".
    func current(now: ContinuousClock.Instant = .now) -> Content? {
        let (content, problem) = self.state.withLock { state -> (Content?, String?) in
            if let nextLook = state.nextLook, nextLook > now { return (state.content, nil) }
            // Taken before the content: replaced in between, the file is read once more.
            let version = FileVersion(self.path)
            let isFirst = state.nextLook == nil
            state.nextLook = now + .seconds(1)
            guard isFirst || version != state.version else { return (state.content, nil) }
            state.version = version
            switch Self.read(self.path, self.kind) {
            case .success(let content): state.content = content
            case .failure(let problem): return (state.content, problem.description)
            }
            return (state.content, nil)
        }
        if let problem { self.onProblem(problem) }
        return content
    }

    /// Why the file cannot be used now; `nil`: it can.
    package static func problem(_ path: String, _ kind: Kind) -> String? {
        switch Self.read(path, kind) {
        case .success: nil
        case .failure(let problem): problem.description
        }
    }

    private static func read(_ path: String, _ kind: Kind) -> Result<Content, Unusable> {
        guard let data = FileManager.default.contents(atPath: path) else {
            return .failure(Unusable(description: "cannot be read"))
        }
        let text = String(decoding: data, as: UTF8.self)
        // "RSA PRIVATE KEY" and "TRUSTED CERTIFICATE" are other names of the same; nobody could type in a password.
        let isThere = text.split(whereSeparator: \.isNewline).contains {
            $0.hasPrefix("-----BEGIN ") && $0.contains("\(kind.rawValue)-----") && !$0.contains("ENCRYPTED")
        }
        guard isThere else {
            return .failure(
                Unusable(
                    description: "holds no \(kind == .certificates ? "certificate" : "unencrypted private key") in PEM")
            )
        }
        return .success(Content(data))
    }
}
