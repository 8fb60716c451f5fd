internal import Foundation
internal import Synchronization

/// Certificates or a key in a file that may be replaced at any time, as Kubernetes does with mounted files.
///
/// Content that cannot be read, or has nothing of its kind, is ignored: the previous content stays in use.
package final class PEMFile: Sendable {
    package enum Kind: String, Sendable {
        case certificates = "CERTIFICATE"
        case privateKey = "PRIVATE KEY"
    }

    private struct Unusable: Error { let description: String }

    /// Immutable, at a fixed address that libcurl may point to; identity shows whether the file has changed.
    ///
    /// Unchecked: the bytes are written once, before the object is shared.
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
    /// Called once for each unusable version.
    private let onProblem: @Sendable (String) -> Void

    package init(_ path: String, _ kind: Kind, onProblem: @escaping @Sendable (String) -> Void = { _ in }) {
        (self.path, self.kind, self.onProblem) = (path, kind, onProblem)
    }

    /// - Parameter now: the file is checked once a second.
    /// - Returns: `nil` if it was never usable, which must not be taken for "not configured".
    func current(now: ContinuousClock.Instant = .now) -> Content? {
        let (content, problem) = self.state.withLock { state -> (Content?, String?) in
            if let nextLook = state.nextLook, nextLook > now { return (state.content, nil) }
            // Taken before the content: if the file is replaced in between, it is read again.
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

    /// Why the file cannot be used now; `nil`: usable.
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
        // "RSA PRIVATE KEY" and "TRUSTED CERTIFICATE" are variants. Encrypted keys are rejected.
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
