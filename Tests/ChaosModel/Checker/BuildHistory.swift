import Foundation

/// All that happened to a build, and around it, in the order of time.
package struct BuildHistory: CustomStringConvertible {
    private let lines: [String]

    package init(of build: Int, in evidence: Evidence) {
        let began = evidence.end.began
        let own =
            evidence.published.filter { $0.build == build }.map {
                (
                    $0.t,
                    "published \($0.job.rawValue)\($0.isConfirmed ? "" : ", not confirmed")\($0.image.map { " of \($0)" } ?? "")"
                )
            }
            + evidence.journal.filter { $0.build == String(build) }.map { ($0.t, Self.text($0)) }
        let first = own.map(\.0).min() ?? began
        let last = own.map(\.0).max() ?? first
        let near = evidence.faults.filter { $0.t > first - 20 && $0.t < last + 10 }.map {
            ($0.t, "  fault \($0.number) \($0.phase.rawValue): \($0.text)")
        }
        let workers = evidence.workers.filter { $0.t > first - 5 && $0.t < last + 10 }.map {
            ($0.t, "  worker \($0.worker) \($0.event.rawValue)\($0.code.map { " (\($0))" } ?? "")")
        }
        let state = evidence.state.builds[String(build)]
        self.lines =
            (own + near + workers).sorted { $0.0 < $1.0 }.map { String(format: "%+9.3f s  ", $0.0 - began) + $0.1 }
            + ["  at last: \(state?.status ?? "unknown to the API") \(state?.statusMessage ?? "")"]
            + evidence.state.pods.filter { $0.build == String(build) }.map {
                "           pod \($0.name) \($0.deleted ? "deleted" : $0.phase)"
            }
    }

    private static func text(_ request: JournalRecord) -> String {
        let path = request.path.split(separator: "/").suffix(2).joined(separator: "/")
        var words =
            "\(request.listener) \(request.method) …/\(path) -> \(request.status.map(String.init) ?? "no answer")"
        if request.effect != "none" { words += ", \(request.effect)" }
        if let fault = request.fault { words += ", fault: \(fault)" }
        if let body = request.body { words += " \(body.status ?? "") \(body.statusMessage ?? "")" }
        return words
    }

    package var description: String { self.lines.joined(separator: "\n") }
}
