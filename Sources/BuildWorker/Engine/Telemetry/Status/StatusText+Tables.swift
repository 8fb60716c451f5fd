internal import Support

extension StatusText {
    var inFlight: [String] {
        let oldest =
            self.status["oldestUnackedSeconds"]?.double == nil
            ? "" : ", the oldest for \(self.status["oldestUnackedSeconds"].duration)"
        return self.section(
            "In flight: \(self.text("unacked")) unacked\(oldest)", "inFlight",
            [
                .init("build") { StyledText($0["buildId"]?.scalarText ?? "not readable", .strong) },
                .init("job") { StyledText($0["jobId"]?.scalarText ?? "") },
                .text("type", "jobType"), .text("step", "step"), .duration("step for", "stepAgeSeconds"),
                .duration("in flight for", "ageSeconds"),
                .number("attempt", "attempt"), .text("queue", "queue"),
            ])
    }

    var waiting: [String] {
        let timers = self.status["timers"]
        let title =
            "Waiting: \(self.list("waiting").count), with \(timers.text("expected")) init timers, \(timers.text("local")) of them kept here"
        return self.section(
            title, "waiting",
            [
                .text("build", "buildId", .strong), .text("type", "jobType"), .text("why", "why"),
                .duration("due in", "dueInSeconds"),
                .duration("for", "sinceSeconds"), .number("attempt", "attempt"), .text("queue", "queue"),
                .init("reason") { StyledText($0["reason"]?.scalarText ?? "", .quiet) },
            ])
    }

    var reports: [String] {
        self.list("reports").isEmpty
            ? []
            : self.section(
                "Failure reports", "reports",
                [
                    .number("times", "count"), .text("last", "lastSeen"), .text("kind", "kind"),
                    .text("last build", "lastBuildId"),
                    .text("what failed", "title", .strong),
                    .init("see more with") { StyledText("worker reports show \($0.text("lastReportId"))") },
                ])
    }

    var connections: [String] {
        let columns: [TextTable.Column] = [
            .init("to") {
                $0.isBreaker
                    ? StyledText($0.text("service"), .strong) : StyledText("RabbitMQ, to \($0.text("role"))", .strong)
            },
            .init("state") { entry in
                if entry.isBreaker {
                    return entry["open"]?.bool == true ? StyledText("away", .bad) : StyledText("answers", .good)
                }
                let (isUp, isBlocked) = (entry["connected"]?.bool == true, entry["blocked"]?.string != nil)
                return isUp && !isBlocked
                    ? StyledText("connected", .good) : StyledText(isUp ? "blocked" : "not connected", .bad)
            },
            .init("detail") { entry in
                if entry.isBreaker {
                    let isOpen = entry["open"]?.bool == true
                    return StyledText(
                        isOpen
                            ? "for \(entry["sinceSeconds"].duration): \(entry.text("cause"))"
                            : self.traffic(entry["connections"]))
                }
                let age = self.list("loops").first { $0.text("name") == entry.text("role") }?["ageSeconds"]
                return StyledText(entry["blocked"]?.string ?? "last loop \(age.duration) ago", .quiet)
            },
        ]
        return self.section("Connections", TextTable(columns, of: self.list("connections") + self.list("breakers")))
    }

    private func traffic(_ connections: JSONValue?) -> String {
        guard let connections, connections["open"]?.integer != nil else { return "" }
        return
            "\(connections.text("open")) connections open of \(connections.text("opened")) made, \(connections.text("reused")) requests over kept ones, "
            + "\(connections["sentBytes"].megabytes) sent, \(connections["receivedBytes"].megabytes) received"
    }

    var queues: [String] {
        self.section(
            "Queues", "queues",
            [
                .text("queue", "name", .strong), .text("role", "role"), .number("ready", "ready"),
                .number("consumers", "consumers"),
                .init("this worker") { queue in
                    guard let consumes = queue["consuming"]?.bool else { return "" }
                    return consumes
                        ? StyledText("consumes", .good)
                        : StyledText(queue["reason"]?.string ?? "does not consume", .bad)
                },
            ])
    }

    var spool: [String] {
        self.list("spool").isEmpty
            ? []
            : self.section(
                "Spool", "spool",
                [
                    .text("kind", "kind", .strong), .number("new", "new"), .number("claimed", "cur"),
                    .init("dead", isNumber: true) {
                        StyledText($0.text("dead"), $0["dead"]?.integer == 0 ? .plain : .bad)
                    }, .duration("oldest", "oldestSeconds"),
                ])
    }
}

extension JSONValue {
    fileprivate var isBreaker: Bool { self["service"] != nil }
}
