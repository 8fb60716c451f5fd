import Foundation
import Testing
import Yams

@testable import BuildWorker

/// What Prometheus is told to scrape is what `Config/kubernetes` makes, under the name that the alerts ask for.
@Suite struct ScrapeTests {
    private static let job = "build-worker"

    private func manifest(_ path: String) throws -> Node {
        let text = try String(
            contentsOf: ConfigurationFixture.root.appendingPathComponent("Config/kubernetes/\(path)"), encoding: .utf8)
        return try #require(try Yams.compose(yaml: text))
    }

    private func deployment() throws -> (labels: [String: String], ports: [String: Int]) {
        let template = try #require(try self.manifest("base/deployment.yaml")["spec"]?["template"])
        let ports = try #require(template["spec"]?["containers"]?[0]?["ports"]?.array())
        return (
            Self.texts(template["metadata"]?["labels"]),
            Dictionary(
                uniqueKeysWithValues: ports.compactMap { port in
                    port["name"]?.string.flatMap { name in port["containerPort"]?.int.map { (name, $0) } }
                })
        )
    }

    private static func texts(_ node: Node?) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: (node?.mapping ?? [:]).compactMap { name, value in
                name.string.flatMap { name in value.string.map { (name, $0) } }
            })
    }

    /// The pages' own scrape job, copied as it stands.
    private func scrapeJob() throws -> Node {
        let page = try MonitoringFiles.text("README.md")
        let block = try #require(page.firstMatch(of: /(?s)```yaml\n(# prometheus.yml.*?)```/)?.output.1)
        return try #require(try Yams.compose(yaml: String(block))?["scrape_configs"]?[0])
    }

    @Test func theScrapeJobKeepsThePods() throws {
        let (labels, ports) = try self.deployment()
        // As Prometheus writes a pod's labels; what is not there is empty.
        let known = Dictionary(
            uniqueKeysWithValues: labels.map {
                ("__meta_kubernetes_pod_label_" + $0.key.replacing(/[^A-Za-z0-9_]/, with: "_"), $0.value)
            })
        let job = try self.scrapeJob()
        #expect(job["job_name"]?.string == Self.job)
        let rules = try #require(job["relabel_configs"]?.array())
        let kept = rules.filter { $0["action"]?.string == "keep" }
        #expect(!kept.isEmpty)
        for rule in kept {
            let value = (rule["source_labels"]?.array() ?? []).map { known[$0.string ?? ""] ?? "" }.joined(
                separator: ";")
            #expect(
                try value.wholeMatch(of: Regex(rule["regex"]?.string ?? "(.*)")) != nil,
                "nothing is scraped: no pod has \(rule)")
        }
        let address = try #require(rules.first { $0["target_label"]?.string == "__address__" }?["replacement"]?.string)
        #expect(address == "$1:\(try #require(ports["http"]))")
    }

    @Test func thePodMonitorSelectsThePodsUnderTheSameName() throws {
        let (labels, ports) = try self.deployment()
        let spec = try #require(try self.manifest("overlays/production/pod-monitor.yaml")["spec"])
        let selector = Self.texts(spec["selector"]?["matchLabels"])
        #expect(!selector.isEmpty && selector.allSatisfy { labels[$0.key] == $0.value })
        // Else the job is called after the PodMonitor and its namespace.
        #expect(labels[try #require(spec["jobLabel"]?.string)] == Self.job)
        let endpoint = try #require(spec["podMetricsEndpoints"]?[0])
        #expect(ports[try #require(endpoint["port"]?.string)] != nil)
    }

    @Test func theAlertsAskForThatName() throws {
        let named = try MonitoringFiles.alerts().flatMap {
            $0.expr.matches(of: /\bjob\s*=\s*"([^"]*)"/).map { String($0.output.1) }
        }
        #expect(!named.isEmpty && named.allSatisfy { $0 == Self.job })
    }
}
