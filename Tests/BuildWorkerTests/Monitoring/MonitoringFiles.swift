import Foundation
import Testing
import Yams

@testable import BuildWorker
@testable import Support

/// What `Config/monitoring` asks Prometheus.
enum MonitoringFiles {
    struct Query: Sendable, CustomTestStringConvertible {
        /// The alert's or the panel's name.
        let place: String
        let expression: String
        /// Texts that name labels of the result: annotations or a legend.
        var words = ""
        var testDescription: String { self.place }
    }

    struct Alert: Sendable, Codable {
        let alert: String
        let expr: String
        let labels: [String: String]
        let annotations: [String: String]
    }

    private struct Rules: Codable {
        struct Group: Codable {
            let rules: [Alert]
        }
        let groups: [Group]
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Config/monitoring")

    static func text(_ name: String) throws -> String {
        try String(contentsOf: self.folder.appendingPathComponent(name), encoding: .utf8)
    }

    static func alerts() throws -> [Alert] {
        try YAMLDecoder().decode(Rules.self, from: try self.text("alerts.yaml")).groups.flatMap(\.rules)
    }

    static func queries() throws -> [Query] {
        let alerts = try self.alerts().map {
            Query(place: $0.alert, expression: $0.expr, words: $0.annotations.values.joined())
        }
        let dashboard = try JSONValue(parsing: try self.text("grafana-dashboard.json"))
        let panels = (dashboard["panels"]?.array ?? []).flatMap { panel in
            (panel["targets"]?.array ?? []).map { target in
                Query(
                    place: panel["title"]?.string ?? "", expression: target["expr"]?.string ?? "",
                    words: target["legendFormat"]?.string ?? "")
            }
        }
        return alerts + panels
    }
}
