internal import Support

/// A container's state, from its pod's status.
struct PodContainer {
    /// Waiting to start or restart, and why.
    struct Waiting {
        let reason: String
        let message: String

        /// A description: `ErrImagePull: manifest for node:99 not found`.
        var words: String { self.message.isEmpty ? self.reason : "\(self.reason): \(self.message)" }
    }

    struct Terminated {
        let exitCode: Int
        let reason: String
        /// The runtime's message, or the container's termination message.
        let message: String
        /// `false`: it could not be started.
        let hasRun: Bool

        /// `exit code 137 (OOMKilled)`, with the message of runtime or container.
        var words: String {
            "exit code \(self.exitCode)" + (self.reason.isEmpty ? "" : " (\(self.reason))")
                + (self.message.isEmpty ? "" : ": \(self.message)")
        }
    }

    /// Termination reasons of containers that never ran.
    private static let startReasons: Set<String> = [
        "StartError", "ContainerCannotRun", "RunContainerError", "CreateContainerError",
    ]

    let name: String
    let isInit: Bool
    let isRunning: Bool
    let waiting: Waiting?
    let terminated: Terminated?
    /// Its last termination before a restart.
    let lastEnd: Terminated?
    /// It is running, or has run.
    let hasRun: Bool

    /// All containers, init containers first.
    static func all(_ status: JSONValue) -> [PodContainer] {
        (status["initContainerStatuses"]?.array ?? []).map { PodContainer($0, isInit: true) }
            + (status["containerStatuses"]?.array ?? []).map { PodContainer($0, isInit: false) }
    }

    private init(_ status: JSONValue, isInit: Bool) {
        (self.name, self.isInit) = (status["name"]?.string ?? "?", isInit)
        let state = status["state"]
        self.isRunning = state?["running"].map { !$0.isNull } ?? false
        self.waiting = state?["waiting"].flatMap { waiting in
            waiting.isNull
                ? nil : Waiting(reason: waiting["reason"]?.string ?? "", message: waiting["message"]?.string ?? "")
        }
        (self.terminated, self.lastEnd) = (Self.terminated(state), Self.terminated(status["lastState"]))
        self.hasRun = self.isRunning || [self.terminated, self.lastEnd].contains { $0?.hasRun ?? false }
    }

    private static func terminated(_ state: JSONValue?) -> Terminated? {
        state?["terminated"].flatMap { end in
            guard !end.isNull else { return nil }
            let reason = end["reason"]?.string ?? ""
            // CRI-O reports a failed start as `Error`, too, with the zero time as start.
            let isUnstarted =
                Self.startReasons.contains(reason) || end["startedAt"]?.string?.hasPrefix("1970-01-01") ?? false
            return Terminated(
                exitCode: end["exitCode"]?.integer ?? 0, reason: reason,
                message: (end["message"]?.string?.trimmed ?? "").withoutItsMiddle(limit: 500),
                hasRun: !isUnstarted)
        }
    }

    /// `Container build: exit code 137 (OOMKilled)`; `nil` if it did not fail.
    var failure: String? {
        guard let end = self.terminated, end.exitCode != 0 else { return nil }
        return "Container \(self.name): \(end.words)"
    }
}

extension String {
    /// At most `limit` characters, shortened in the middle: the end of a message is the most informative.
    fileprivate func withoutItsMiddle(limit: Int) -> String {
        self.count <= limit ? self : "\(self.prefix(limit / 3)) … \(self.suffix(limit - limit / 3 - 3))"
    }
}
