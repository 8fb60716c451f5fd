/// The program's exit codes (a check's are those of its protocol: `CheckResult.Status`). From 64 on they follow
/// sysexits.h, which supervisors know. docs/operate.md, the help and the alerts use these values.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case done = 0
    case failed = 1
    case wrongUsage = 64
    case unreadableMessage = 65
    case unavailable = 69
    case crashLoop = 70
    case startFailed = 71
    case wrongConfiguration = 78

    /// Markdown, short enough for a line of help.
    package var meaning: String {
        switch self {
        case .done: "done, or drained after SIGTERM"
        case .failed: "failed, as stderr says; `topology`: a problem; `status`: not ready"
        case .wrongUsage: "wrong usage"
        case .unreadableMessage: "the message cannot be read"
        case .unavailable: "RabbitMQ cannot be reached; `status`: the worker cannot"
        case .crashLoop: "drained in a crash loop: workers keep crashing at one step"
        case .startFailed: "cannot start: its port is taken"
        case .wrongConfiguration: "wrong configuration; every problem is named"
        }
    }

    package static var help: String {
        self.allCases.map { "  \($0.rawValue < 10 ? " " : "")\($0.rawValue)  \($0.meaning.filter { $0 != "`" })" }
            .joined(separator: "\n")
    }
}
