package import Support
internal import Workflow

extension FailureReport {
    package var document: JSONValue {
        func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }
        return .object([
            .init("id", .string(self.id)), .init("kind", .string(self.kind.rawValue)),
            .init("class", .string(self.failureClass.rawValue)),
            .init("fingerprint", .string(self.fingerprint)), .init("title", .string(self.title)),
            .init("at", .string(self.at)),
            .init("buildId", self.buildID.map { .integer($0) } ?? .null), .init("jobId", text(self.jobID)),
            .init("jobType", text(self.jobType)),
            .init("queue", text(self.queue)), .init("attempt", .integer(self.attempt)),
            .init("causes", .array(self.causes.map { .string($0) })),
            .init("version", .string(self.version)), .init("host", .string(self.host)),
            .init(
                "timeline",
                .array(
                    self.timeline.map { step in
                        [
                            "atMs": .integer(step.atMilliseconds), "step": .string(step.step),
                            "outcome": .string(step.outcome),
                            "tookMs": .integer(step.tookMilliseconds),
                        ]
                    })),
        ])
    }

    package init?(_ document: JSONValue) {
        guard let id = document["id"]?.string, let kind = document["kind"]?.string.flatMap({ Kind(rawValue: $0) }),
            let failureClass = document["class"]?.string.flatMap({ FailureClass(rawValue: $0) }),
            let fingerprint = document["fingerprint"]?.string,
            let title = document["title"]?.string, let at = document["at"]?.string,
            let causes = document["causes"]?.array,
            let version = document["version"]?.string, let host = document["host"]?.string
        else { return nil }
        (self.id, self.kind, self.failureClass, self.fingerprint, self.title, self.at) = (
            id, kind, failureClass, fingerprint, title, at
        )
        (self.version, self.host, self.causes) = (version, host, causes.compactMap(\.string))
        self.buildID = document["buildId"]?.integer
        self.jobID = document["jobId"]?.string
        self.jobType = document["jobType"]?.string
        self.queue = document["queue"]?.string
        self.attempt = document["attempt"]?.integer ?? 0
        self.timeline = (document["timeline"]?.array ?? []).compactMap { step in
            guard let at = step["atMs"]?.integer, let name = step["step"]?.string,
                let outcome = step["outcome"]?.string, let took = step["tookMs"]?.integer
            else { return nil }
            return Step(atMilliseconds: at, step: name, outcome: outcome, tookMilliseconds: took)
        }
    }

    package var line: String {
        "\(self.id)  \(self.at)  \(self.kind.rawValue)  build \(self.buildID.map { String($0) } ?? "-")  attempt \(self.attempt)  \(self.fingerprint)  \(self.causes.first ?? "")"
    }
}
