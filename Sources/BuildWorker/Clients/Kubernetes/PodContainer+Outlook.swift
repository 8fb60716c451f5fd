internal import Workflow

extension PodContainer.Waiting {
    /// A registry's "try again later" and network errors usually pass within moments; a missing or forbidden image does
    /// not appear. Based on messages of containerd, CRI-O and dockershim, which quote the registry.
    var imageOutlook: PodFailure.Outlook {
        switch self.reason {
        case "InvalidImageName", "ErrImageNeverPull", "SignatureValidationFailed": return .permanentFailure
        default: break
        }
        let words = RuntimeWords(self.message)
        // The kubelet's own backoff message; it gave the reason earlier.
        if words.isEmpty || words.isOnly("back-off pulling image") { return .unclear }
        if words.hasStatus(where: RuntimeWords.isTransient) { return .transient }
        if words.say(RuntimeWords.refusals) || words.hasStatus(where: { (400..<500).contains($0) }) {
            return .permanentFailure
        }
        return words.say(RuntimeWords.passing) || self.reason == "RegistryUnavailable" ? .transient : .permanentFailure
    }

    /// An overloaded kubelet times out and retries.
    var containerOutlook: PodFailure.Outlook {
        guard ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"].contains(self.reason) else {
            return .permanentFailure
        }
        let words = RuntimeWords(self.message)
        return !words.say(RuntimeWords.lacks) && words.say(RuntimeWords.passing) ? .transient : .permanentFailure
    }
}

/// A runtime's and registry's message, without arbitrary parts: images, hosts, addresses, paths and quoted text.
private struct RuntimeWords {
    /// Refusals by a registry.
    static let refusals = [
        "not found", "does not exist", "manifest unknown", "name unknown", "unauthorized", "denied", "forbidden",
        "authentication required",
        "authorization failed", "no basic auth credentials", "no match for platform", "no matching manifest",
        "invalid reference",
        "couldn't parse image", "certificate", "x509",
    ]

    /// Missing prerequisites that do not appear by themselves.
    static let lacks = [
        "not found", "couldn't find", "non-existent", "no such file or directory", "permission denied",
        "exec format error", "executable file",
    ]

    /// Overload, networks and disks.
    static let passing = [
        "too many requests", "rate limit", "pull rate", "rate exceeded", "qps exceeded", "quota exceeded", "try again",
        "internal server error",
        "bad gateway", "unavailable", "gateway time", "timeout", "timed out", "deadline exceeded", "context canceled",
        "request canceled", "error while dialing",
        "connection refused", "connection reset", "connection lost", "closed network connection", "broken pipe", "eof",
        "goaway", "stream error",
        "no such host", "server misbehaving", "temporary failure", "resource busy", "network is unreachable",
        "no route to host",
        "failed to fetch oauth token", "failed to fetch anonymous token", "token fetch failed",
        // Interrupted or corrupted transfers.
        "unexpected commit digest", "failed size validation", "verification failed",
        // The kubelet frees up space.
        "no space left on device", "failed to sync", "is reserved for", "already in use", "ttrpc closed",
    ]

    static func isTransient(_ status: Int) -> Bool {
        status == 408 || status == 425 || status == 429 || (500..<600).contains(status)
    }

    private var statuses: [Int] = []
    /// In lower case, each word surrounded by single spaces.
    private let text: String

    init(_ message: String) {
        var words: [Substring] = []
        var previous: Substring = ""
        let all = message.lowercased().afterItsMirrors.withoutQuotations.split(whereSeparator: \.isWhitespace)
        for (place, raw) in all.enumerated() {
            defer { previous = raw }
            let word = raw.withoutEdges
            if word == "toomanyrequests", raw.hasSuffix(":") { self.statuses.append(429) }
            // `reading manifest <tag> in <repository>`
            if previous == "manifest", all.indices.contains(place + 1), all[place + 1] == "in" { continue }
            guard !word.isEmpty, !word.contains(where: { "/:.@".contains($0) }) else { continue }
            words.append(word)
            // `unexpected status from …: 502 Bad Gateway`, `HTTP status 429`, `status code 503`; others may be tags.
            guard word.utf8.count == 3, let status = Int(word) else { continue }
            if previous.hasSuffix(":") || ["status", "code", "http"].contains(previous.withoutEdges) {
                self.statuses.append(status)
            }
        }
        self.text = " \(words.joined(separator: " ")) "
    }

    var isEmpty: Bool { self.text.allSatisfy { $0 == " " } }
    func isOnly(_ words: String) -> Bool { self.text == " \(words) " }
    func say(_ parts: [String]) -> Bool { parts.contains { self.text.contains(" \($0)") } }
    func hasStatus(where isOne: (Int) -> Bool) -> Bool { self.statuses.contains(where: isOne) }
}

extension String {
    /// After errors of mirrors, the registry's own message.
    fileprivate var afterItsMirrors: String {
        guard let mirrors = self.firstRange(of: "mirrors also failed: ["),
            let end = self[mirrors.upperBound...].firstRange(of: "]): ")
        else { return self }
        return String(self[end.upperBound...])
    }

    /// Without text in double quotes, escaped or not.
    var withoutQuotations: String {
        self.split(separator: "\"", omittingEmptySubsequences: false).enumerated().filter {
            $0.offset.isMultiple(of: 2)
        }.map(\.element).joined(separator: " ")
    }
}

extension Substring {
    /// Without surrounding punctuation.
    fileprivate var withoutEdges: Substring {
        let edges: Set<Character> = ["(", ")", "[", "]", "{", "}", ",", ".", ":", ";", "'", "`", "<", ">"]
        let rest = self.drop { edges.contains($0) }
        return rest.prefix(
            upTo: rest.lastIndex { !edges.contains($0) }.map { rest.index(after: $0) } ?? rest.startIndex)
    }
}
