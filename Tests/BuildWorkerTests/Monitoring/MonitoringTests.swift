import Foundation
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Workflow

/// The alerts and the dashboard ask only for what the worker tells. IntegrationTests/AlertRuleTests tries the alerts with promtool.
@Suite struct MonitoringTests {
    /// Prometheus adds them to every sample of a target.
    private static let targetLabels: Set<String> = ["job", "instance"]
    private static let metrics = Dictionary(uniqueKeysWithValues: Metric.all.map { ($0.name, $0) })

    private static func metric(_ name: String) -> (metric: Metric, labels: Set<String>)? {
        if let metric = metrics[name], metric.kind == .counter || metric.kind == .gauge {
            return (metric, targetLabels.union(metric.labels))
        }
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
            guard let metric = metrics[String(name.dropLast(suffix.count))], case .histogram = metric.kind else {
                continue
            }
            return (metric, targetLabels.union(metric.labels).union(suffix == "_bucket" ? ["le"] : []))
        }
        return nil
    }

    @Test(arguments: try MonitoringFiles.queries())
    func asksForMetricsAndLabelsThatExist(_ query: MonitoringFiles.Query) throws {
        var known = Self.targetLabels
        var found = 0
        for match in query.expression.matches(of: /\b(build_worker_\w+|process_\w+|up)\b(?:\{([^}]*)\})?/) {
            found += 1
            guard match.output.1 != "up" else { continue }
            let (metric, labels) = try #require(
                Self.metric(String(match.output.1)), "\(match.output.1) is in no catalogue")
            known.formUnion(labels)
            for label in (match.output.2 ?? "").matches(of: /(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"/) {
                #expect(labels.contains(String(label.output.1)), "\(metric.name) has no label \(label.output.1)")
                guard let values = try Self.values(of: String(label.output.1)) else { continue }
                for value in label.output.2.split(separator: "|") {
                    let pattern = try Regex(String(value))
                    #expect(
                        values.contains { $0.wholeMatch(of: pattern) != nil }, "\(label.output.1) is never \(value)")
                }
            }
            if metric.kind == .counter {
                let before = query.expression[..<match.range.lowerBound].suffix(9)
                #expect(
                    before.hasSuffix("rate(") || before.hasSuffix("increase("),
                    "\(metric.name) only ever grows: ask for its rate")
            }
        }
        #expect(found > 0)
        let grouping = query.expression.matches(of: /\b(?:by|on)\s*\(([^)]*)\)/).flatMap {
            $0.output.1.split(separator: ",")
        }
        let named =
            query.words.matches(of: /\$labels\.(\w+)/).map { String($0.output.1) }
            + query.words.matches(of: /\{\{(\w+)\}\}/).map { String($0.output.1) }
        for label in grouping.map({ $0.trimmingCharacters(in: .whitespaces) }) + named {
            #expect(known.contains(label), "no metric of \(query.place) has a label \(label)")
        }
    }

    @Test func everyAlertIsTriedAndSaysWhatToDo() throws {
        let tests = try MonitoringFiles.text("alerts.test.yaml")
        let alerts = try MonitoringFiles.alerts()
        #expect(Set(alerts.map(\.alert)).count == alerts.count && alerts.count > 15)
        for alert in alerts {
            #expect(
                tests.contains("alertname=\"\(alert.alert)\", alertstate=\"firing\""), "\(alert.alert) fires in no test"
            )
            #expect(["page", "ticket"].contains(alert.labels["severity"]))
            #expect(alert.annotations["summary"]?.isEmpty == false)
            #expect(
                alert.annotations["description"]?.contains(#/'(?:worker|kubectl) /#) == true,
                "\(alert.alert) names no command")
        }
    }

    /// `### NAME`, then its severity and when it fires.
    @Test func everyAlertHasARunbookAndNoRunbookIsLeftOver() throws {
        let page = try String(
            contentsOf: ConfigurationFixture.root.appendingPathComponent("docs/operate.md"), encoding: .utf8)
        let runbooks = page.matches(of: /(?m)^### (BuildWorker\w+)\n\n\*(\w+)\* – .+\.$/).map {
            (String($0.output.1), String($0.output.2))
        }
        let severities = Dictionary(uniqueKeysWithValues: runbooks)
        let alerts = try MonitoringFiles.alerts()
        for alert in alerts {
            #expect(severities[alert.alert] == alert.labels["severity"], "docs/operate.md and \(alert.alert)")
            #expect(alert.annotations["runbook_url"]?.hasSuffix("/docs/operate.md#\(alert.alert.lowercased())") == true)
        }
        #expect(Set(severities.keys) == Set(alerts.map(\.alert)))
    }

    /// Values that a query may compare a label with; `nil` where they are not checked.
    private static func values(of label: String) throws -> Set<String>? {
        switch label {
        case "role":
            Set(
                QueueSurvey(try ConfigurationFixture.configuration([:]).rabbitmq).queues.map(\.role.rawValue) + [
                    "consume", "publish",
                ])
        case "service": Set(Outages.Dependency.allCases.map(\.rawValue))
        case "class": Set(FailureClass.allCases.map(\.rawValue))
        case "settlement": ["ack", "nack", "postponed"]
        case "state": ["new", "cur", "dead"]
        case "reason": Set(Self.causes.map(\.reason) + ["unreadable", "poison"])
        default: nil
        }
    }

    private static let causes: [FailureCause] = [
        .podRejected(Problem(.policy, "")), .retriesExhausted(retries: 1, Problem(.cluster, "")),
        .pod(PodFailure(.ended(phase: "failed"), "")),
        .pod(PodFailure(.image, "")), .pod(PodFailure(.container, "")), .neverBegan(waited: .seconds(1), waitsFor: ""),
        .podGone(hasBegun: false, known: nil),
        .podGone(hasBegun: true, known: nil), .poison(crashes: 3),
    ]
}
