/// The tables, a section each.
extension StatusText {
    var inFlight: [String] {
        var table = TextTable([
            .init(title: "build"), .init(title: "job"), .init(title: "type"), .init(title: "step"), .init(title: "step for", isNumber: true),
            .init(title: "in hand for", isNumber: true), .init(title: "attempt", isNumber: true), .init(title: "queue"),
        ])
        for entry in self.list("inFlight") {
            table.rows.append([
                StyledText(entry["buildId"]?.scalarText ?? "not readable", .strong), StyledText(entry["jobId"]?.scalarText ?? ""),
                StyledText(entry.text("jobType")), StyledText(entry.text("step")), StyledText(entry["stepAgeSeconds"].duration),
                StyledText(entry["ageSeconds"].duration), StyledText(entry.text("attempt")), StyledText(entry.text("queue")),
            ])
        }
        let oldest = self.status["oldestUnackedSeconds"]?.double == nil ? "" : ", the oldest for \(self.status["oldestUnackedSeconds"].duration)"
        return self.section("In flight: \(self.text("unacked")) unacked\(oldest)", table)
    }

    var waiting: [String] {
        var table = TextTable([
            .init(title: "build"), .init(title: "type"), .init(title: "why"), .init(title: "due in", isNumber: true), .init(title: "for", isNumber: true),
            .init(title: "attempt", isNumber: true), .init(title: "queue"), .init(title: "reason"),
        ])
        for entry in self.list("waiting") {
            table.rows.append([
                StyledText(entry.text("buildId"), .strong), StyledText(entry.text("jobType")), StyledText(entry.text("why")),
                StyledText(entry["dueInSeconds"].duration), StyledText(entry["sinceSeconds"].duration), StyledText(entry.text("attempt")),
                StyledText(entry.text("queue")), StyledText(entry["reason"]?.scalarText ?? "", .quiet),
            ])
        }
        let timers = self.status["timers"]
        return self.section("Waiting: \(table.rows.count), with \(timers.text("expected")) init timers, \(timers.text("local")) of them kept here", table)
    }

    var reports: [String] {
        var table = TextTable([
            .init(title: "times", isNumber: true), .init(title: "last"), .init(title: "kind"), .init(title: "last build"), .init(title: "what failed"),
            .init(title: "see more with"),
        ])
        for report in self.list("reports") {
            table.rows.append([
                StyledText(report.text("count")), StyledText(report.text("lastSeen")), StyledText(report.text("kind")),
                StyledText(report.text("lastBuildId")), StyledText(report.text("title"), .strong),
                StyledText("worker reports show \(report.text("lastReportId"))"),
            ])
        }
        return table.rows.isEmpty ? [] : self.section("Failure reports", table)
    }

    var connections: [String] {
        var table = TextTable([.init(title: "to"), .init(title: "state"), .init(title: "detail")])
        for connection in self.list("connections") {
            let role = connection.text("role")
            let blocked = connection["blocked"]?.string
            let age = self.list("loops").first { $0.text("name") == role }?["ageSeconds"]
            let isUp = connection["connected"]?.bool == true
            table.rows.append([
                StyledText("RabbitMQ, to \(role)", .strong),
                isUp && blocked == nil ? StyledText("connected", .good) : StyledText(isUp ? "blocked" : "not connected", .bad),
                StyledText(blocked ?? "thread turned \(age.duration) ago", .quiet),
            ])
        }
        for breaker in self.list("breakers") {
            let isOpen = breaker["open"]?.bool == true
            table.rows.append([
                StyledText(breaker.text("service"), .strong), isOpen ? StyledText("away", .bad) : StyledText("answers", .good),
                StyledText(isOpen ? "for \(breaker["sinceSeconds"].duration): \(breaker.text("cause"))" : self.traffic(breaker["connections"])),
            ])
        }
        return self.section("Connections", table)
    }

    private func traffic(_ connections: JSONValue?) -> String {
        guard let connections, connections["open"]?.integer != nil else { return "" }
        return "\(connections.text("open")) connections open of \(connections.text("opened")) made, \(connections.text("reused")) requests over kept ones, "
            + "\(connections["sentBytes"].megabytes) sent, \(connections["receivedBytes"].megabytes) received"
    }

    var queues: [String] {
        var table = TextTable([
            .init(title: "queue"), .init(title: "role"), .init(title: "ready", isNumber: true), .init(title: "consumers", isNumber: true),
            .init(title: "this worker"),
        ])
        for queue in self.list("queues") {
            let consuming: StyledText =
                switch queue["consuming"]?.bool {
                case true?: StyledText("consumes", .good)
                case false?: StyledText(queue["reason"]?.string ?? "does not consume", .bad)
                case nil: ""
                }
            table.rows.append([
                StyledText(queue.text("name"), .strong), StyledText(queue.text("role")), StyledText(queue.text("ready")),
                StyledText(queue.text("consumers")), consuming,
            ])
        }
        return self.section("Queues", table)
    }

    var spool: [String] {
        var table = TextTable([
            .init(title: "kind"), .init(title: "new", isNumber: true), .init(title: "claimed", isNumber: true), .init(title: "dead", isNumber: true),
            .init(title: "oldest", isNumber: true),
        ])
        for box in self.list("spool") {
            table.rows.append([
                StyledText(box.text("kind"), .strong), StyledText(box.text("new")), StyledText(box.text("cur")),
                StyledText(box.text("dead"), box["dead"]?.integer == 0 ? .plain : .bad), StyledText(box["oldestSeconds"].duration),
            ])
        }
        return table.rows.isEmpty ? [] : self.section("Spool", table)
    }
}
