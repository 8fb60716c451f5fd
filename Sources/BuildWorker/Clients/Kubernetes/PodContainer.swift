internal import Support

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
        /// What the runtime says, or the container's last words.
        let message: String
        /// It could not be started.
        let hasRun: Bool

        /// `exit code 137 (OOMKilled)`, with what the runtime or the container said at its end.
        var words: String {
            "exit code \(self.exitCode)" + (self.reason.isEmpty ? "" : " (\(self.reason))")
                + (self.message.isEmpty ? "" : ": \(self.message)")
        }
    }

    /// By which a container has ended that never ran.
    private static let startReasons: Set<String> = [
        "StartError", "ContainerCannotRun", "RunContainerError", "CreateContainerError",
    ]

    let name: String
    let isInit: Bool
    let isRunning: Bool
    let waiting: Waiting?
    let terminated: Terminated?
    /// Its end before it was started again.
    let lastEnd: Terminated?
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
            // CRI-O says `Error` of a start that failed, too; its beginning is the beginning of time then.
            let isUnstarted =
                Self.startReasons.contains(reason) || end["startedAt"]?.string?.hasPrefix("1970-01-01") ?? false
            return Terminated(
                exitCode: end["exitCode"]?.integer ?? 0, reason: reason,
                message: (end["message"]?.string?.trimmed ?? "").withoutItsMiddle(limit: 500),
                hasRun: !isUnstarted)
        }
    }

    /// `Container build: exit code 137 (OOMKilled)`; `nil` where it did not fail.
    var failure: String? {
        guard let end = self.terminated, end.exitCode != 0 else { return nil }
        return "Container \(self.name): \(end.words)"
    }
}

extension String {
    /// At most `limit` characters: what a container said last tells more than what it said in between.
    fileprivate func withoutItsMiddle(limit: Int) -> String {
        self.count <= limit ? self : "\(self.prefix(limit / 3)) … \(self.suffix(limit - limit / 3 - 3))"
    }
}
