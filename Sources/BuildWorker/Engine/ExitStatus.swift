/// Exit codes; from 64 on as in sysexits.h. Checks use ``CheckStatus``. The help, docs/operate.md and alerts rely on
/// them.
package enum ExitStatus: Int32, Sendable, CaseIterable {
    case done = 0
    case failed = 1
    case wrongUsage = 64
    case unreadableMessage = 65
    case unavailable = 69
    case crashLoop = 70
    case startFailed = 71
    case wrongConfiguration = 78

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
