import Foundation

@testable import BuildWorker

/// Tables of the documentation that are made from the code. A page has them between two marks:
///
///     <!-- scripts/docs writes: settings -->
///     <!-- end -->
enum GeneratedTable: String, CaseIterable {
    case settings
    case emptyVariables = "variables that may be empty"
    case exitCodes = "exit codes"
    case differences = "defaults that differ"
    case metrics

    func text() throws -> String {
        switch self {
        case .settings: try Self.settings()
        case .emptyVariables:
            try Self.rows().filter { row in Setting.all.contains { $0.key == row.key && $0.whenEmpty == .value } }
                .map { "`\($0.variable)`" }.joined(separator: ", ")
        case .exitCodes:
            Self.table(["Exit code", "Means"], ExitStatus.allCases.map { ["\($0.rawValue)", $0.meaning] })
        case .differences:
            Self.table(
                ["Setting", "Original", "Here", "So", "As before"],
                DefaultDifference.all.map { ["`\($0.variable)`", $0.original, $0.ours, $0.meaning, "`\($0.remedy)`"] })
        case .metrics:
            Self.table(
                ["Metric", "Type", "Labels", "Says"],
                Metric.all.map { metric in
                    let kind = if case .histogram = metric.kind { "histogram" } else { "\(metric.kind)" }
                    return [
                        "`\(metric.name)`", kind, metric.labels.map { "`\($0)`" }.joined(separator: ", "), metric.help,
                    ]
                })
        }
    }

    /// `page` with all its tables as they should be; throws for a mark that nothing belongs to.
    static func renew(_ page: String) throws -> String {
        var rest = page[...]
        var result = ""
        while let match = rest.firstMatch(of: /<!-- scripts\/docs writes: ([^>]*) -->\n(?s:.*?)<!-- end -->/) {
            let name = String(match.output.1)
            guard let table = Self(rawValue: name) else { throw Unknown(name: name) }
            result +=
                rest[..<match.range.lowerBound]
                + "<!-- scripts/docs writes: \(name) -->\n\n\(try table.text())\n\n<!-- end -->"
            rest = rest[match.range.upperBound...]
        }
        return result + rest
    }

    struct Unknown: Error { let name: String }

    private static func table(_ header: [String], _ rows: [[String]]) -> String {
        ([header, header.map { _ in "---" }] + rows).map { "| \($0.joined(separator: " | ")) |" }.joined(
            separator: "\n")
    }

    // MARK: Settings

    /// Names, defaults and units are those of the code, variables those of `environment.yaml`, meanings the comments of `default.yaml`.
    private static func settings() throws -> String {
        let meanings = self.comments(
            try String(contentsOfFile: "\(ConfigurationFixture.directory)/default.yaml", encoding: .utf8))
        let sections = [
            ("RabbitMQ", "rabbitmq."), ("Builds in Kubernetes", "executor.k8s.options."),
            ("Builds in k8s-sandbox", "executor.k8s-sandbox.options."),
            ("Builds in k8s-vm", "executor.k8s-vm.options."), ("Choice of the executor", "executor."),
            ("Controller and launcher", "ecosystem."),
            ("The worker itself", ""),
        ]
        let rows = Dictionary(grouping: try self.rows()) { row in sections.first { row.key.hasPrefix($0.1) }?.0 ?? "" }
        return sections.map { title, _ in
            let lines = (rows[title] ?? []).map { row in
                let meaning = (meanings[row.key] ?? "").replacing("|", with: "\\|").replacing(
                    /docs\/([a-z-]+\.md[#a-z-]*)/
                ) { "[more](\($0.output.1))" }
                return ["`\(row.variable)`", "`\(row.key)`", "`\(row.valueText)`", meaning]
            }
            return "### \(title)\n\n" + self.table(["variable", "key", "default", "meaning"], lines)
        }.joined(separator: "\n\n")
    }

    private static func rows() throws -> [ConfigurationReport.Row] { try ConfigurationFixture.load().report.rows }

    /// What the comment above each key of a YAML file says, or else the one behind it.
    static func comments(_ yaml: String) -> [String: String] {
        var path: [(indent: Int, name: Substring)] = []
        var above: [String] = []
        var found: [String: String] = [:]
        for line in yaml.split(separator: "\n", omittingEmptySubsequences: false) {
            let indent = line.prefix { $0 == " " }.count
            let text = line.dropFirst(indent)
            if text.hasPrefix("# ") { above.append(String(text.dropFirst(2))) }
            if text.hasPrefix("#") { continue }
            defer { above = [] }
            guard let match = text.firstMatch(of: /^([\w-]+):(?:.* # (.+))?/) else { continue }
            path.removeAll { $0.indent >= indent }
            path.append((indent, match.output.1))
            found[path.map(\.name).joined(separator: ".")] =
                above.isEmpty ? match.output.2.map(String.init) : above.joined(separator: " ")
        }
        return found
    }
}
