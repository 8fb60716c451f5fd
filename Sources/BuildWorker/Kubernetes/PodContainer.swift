/// A container as its pod's status shows it.
struct PodContainer {
    /// Not running yet, or not again, and why.
    struct Waiting {
        let reason: String
        let message: String

        /// For people: `ErrImagePull: manifest for node:99 not found`.
        var words: String { self.message.isEmpty ? self.reason : "\(self.reason): \(self.message)" }
    }

    struct Terminated {
        let exitCode: Int
        let reason: String
        let message: String

        /// `exit code 137 (OOMKilled)`, with what the runtime or the container said at its end.
        var words: String {
            "exit code \(self.exitCode)" + (self.reason.isEmpty ? "" : " (\(self.reason))") + (self.message.isEmpty ? "" : ": \(self.message)")
        }
    }

    let name: String
    let isInit: Bool
    let isRunning: Bool
    let waiting: Waiting?
    let terminated: Terminated?
    /// It has been running, now or before.
    let hasRun: Bool

    /// Those that run before the others first.
    static func all(_ status: JSONValue) -> [PodContainer] {
        (status["initContainerStatuses"]?.array ?? []).map { PodContainer($0, isInit: true) }
            + (status["containerStatuses"]?.array ?? []).map { PodContainer($0, isInit: false) }
    }

    private init(_ status: JSONValue, isInit: Bool) {
        (self.name, self.isInit) = (status["name"]?.string ?? "?", isInit)
        let state = status["state"]
        self.isRunning = state?["running"].map { !$0.isNull } ?? false
        self.waiting = state?["waiting"].flatMap { waiting in
            waiting.isNull ? nil : Waiting(reason: waiting["reason"]?.string ?? "", message: waiting["message"]?.string ?? "")
        }
        self.terminated = Self.terminated(state)
        let ended = [self.terminated, Self.terminated(status["lastState"])].compactMap { $0 }
        self.hasRun = self.isRunning || ended.contains { !["StartError", "ContainerCannotRun"].contains($0.reason) }
    }

    private static func terminated(_ state: JSONValue?) -> Terminated? {
        state?["terminated"].flatMap { end in
            guard !end.isNull else { return nil }
            return Terminated(
                exitCode: end["exitCode"]?.integer ?? 0, reason: end["reason"]?.string ?? "",
                message: end["message"]?.string?.trimmed ?? "")
        }
    }

    /// `Container build: exit code 137 (OOMKilled)`; `nil` where it did not fail.
    var failure: String? {
        guard let end = self.terminated, end.exitCode != 0 else { return nil }
        return "Container \(self.name): \(end.words)"
    }
}

extension PodContainer.Waiting {
    /// Registries that answer "not now", and networks, mostly do better a moment later; what a registry does not have, or does not let us have,
    /// it has not later either. Words of containerd, CRI-O and dockershim, which quote the registry.
    var imageOutlook: PodFailure.Outlook {
        switch self.reason {
        case "InvalidImageName", "ErrImageNeverPull", "SignatureValidationFailed": return .hopeless
        case "ImagePullBackOff" where !self.message.contains("Err"): return .unclear
        default: break
        }
        let words = self.message.withoutQuotations.lowercased()
        func says(_ parts: String...) -> Bool { parts.contains { words.contains($0) } }
        if says(
            "not found", "manifest unknown", "name unknown", "unauthorized", "denied", "forbidden", "authentication required", "no basic auth credentials",
            "no match for platform", "no matching manifest", "invalid reference", "couldn't parse image", "certificate")
        {
            return .hopeless
        }
        let isTransient = says(
            "toomanyrequests", "too many requests", "rate limit", "internal server error", "bad gateway", "service unavailable", "gateway time", "timeout",
            "timed out", "deadline exceeded", "connection re", "broken pipe", "eof", "no such host", "server misbehaving", "temporary failure",
            "failed to fetch oauth token", "failed to fetch anonymous token", "network is unreachable", "no route to host", "unavailable", "qps exceeded")
        return isTransient || words.hasServerError ? .mayHeal : self.reason == "RegistryUnavailable" ? .mayHeal : .hopeless
    }

    /// A kubelet that is busy times out, and tries again.
    var containerOutlook: PodFailure.Outlook {
        guard ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"].contains(self.reason) else { return .hopeless }
        let words = self.message.lowercased()
        return ["timed out", "timeout", "deadline exceeded", "is reserved for", "failed to sync", "connection refused", "try again"].contains { words.contains($0) }
            ? .mayHeal : .hopeless
    }
}

extension String {
    /// Without what stands in double quotes: names of images may be any words.
    fileprivate var withoutQuotations: String {
        self.split(separator: "\"", omittingEmptySubsequences: false).enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element).joined(separator: " ")
    }

    /// A word of three digits that is a status 429 or 5xx.
    fileprivate var hasServerError: Bool {
        self.split { !$0.isASCII || !$0.isLetter && !$0.isNumber }.contains { word in
            word.utf8.count == 3 && (word == "429" || word.first == "5" && word.allSatisfy(\.isNumber))
        }
    }
}
