import Foundation
import Testing

@testable import BuildWorker
@testable import Support

/// Pages lead where they say, and what is made from the code is as the code.
@Suite struct PageTests {
    private static let root = ConfigurationFixture.root.resolvingSymlinksInPath()

    /// Every Markdown page, by its path below the root.
    private static let pages: [String: String] = {
        let folders = ["", "docs", "Config", "Benchmarks"]
        let paths = folders.flatMap { folder -> [String] in
            let here = root.appendingPathComponent(folder).path
            let all =
                folder.isEmpty
                ? try? FileManager.default.contentsOfDirectory(atPath: here)
                : try? FileManager.default.subpathsOfDirectory(atPath: here)
            return (all ?? []).filter { $0.hasSuffix(".md") }.map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
        }
        return Dictionary(
            uniqueKeysWithValues: paths.compactMap { path in
                (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)).map { (path, $0) }
            })
    }()

    /// What a heading is called in addresses.
    private static func anchors(_ page: String) -> Set<String> {
        var counts: [String: Int] = [:]
        return Set(
            self.prose(page).matches(of: /(?m)^#+ +(.+?) *$/).map { match in
                let title = match.output.1.replacing(/\[([^\]]*)\]\([^)]*\)/) { $0.output.1 }.lowercased()
                let anchor = String(
                    title.filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }.map { $0 == " " ? "-" : $0 })
                counts[anchor, default: 0] += 1
                return counts[anchor] == 1 ? anchor : "\(anchor)-\((counts[anchor] ?? 1) - 1)"
            })
    }

    /// Without blocks of code.
    private static func prose(_ page: String) -> String { page.replacing(/(?ms)^ *```.*?^ *```$/, with: "") }

    @Test(arguments: pages.keys.sorted())
    func everyLinkLeadsSomewhere(_ path: String) throws {
        let page = Self.prose(try #require(Self.pages[path])).replacing(/`[^`\n]*`/, with: "``")
        let folder = Self.root.appendingPathComponent(path).deletingLastPathComponent()
        for match in page.matches(of: /\]\(([^)\s]+)\)/) where !match.output.1.contains(/^[a-z]+:/) {
            let parts = match.output.1.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            let file = folder.appendingPathComponent(String(parts[0])).standardizedFileURL.path
            let target = parts[0].isEmpty ? path : String(file.dropFirst(Self.root.path.count + 1))
            #expect(
                FileManager.default.fileExists(atPath: Self.root.appendingPathComponent(target).path),
                "\(path): no \(match.output.1)")
            guard parts.count > 1 else { continue }
            #expect(
                Self.pages[target].map { Self.anchors($0).contains(String(parts[1])) } == true,
                "\(path): no heading for \(match.output.1)")
        }
    }

    /// Code, scripts and manifests that send a reader to a page.
    @Test func everyPageThatIsNamedExists() throws {
        for folder in ["Sources", "scripts", "Config", "Tests", "Benchmarks"] {
            for path in try FileManager.default.subpathsOfDirectory(
                atPath: Self.root.appendingPathComponent(folder).path)
            {
                guard
                    let text = try? String(
                        contentsOf: Self.root.appendingPathComponent("\(folder)/\(path)"), encoding: .utf8)
                else { continue }
                for match in text.matches(of: /docs\/([a-z-]+\.md)(?:#([a-z-]+))?/) {
                    let page = Self.pages["docs/\(match.output.1)"]
                    #expect(page != nil, "\(folder)/\(path): no \(match.output.0)")
                    guard let anchor = match.output.2 else { continue }
                    #expect(
                        page.map { Self.anchors($0).contains(String(anchor)) } == true,
                        "\(folder)/\(path): no \(match.output.0)")
                }
            }
        }
    }

    /// The last column of the table of faults, and suites that pages name.
    @Test func everyTestThatIsNamedExists() throws {
        let folder = Self.root.appendingPathComponent("Tests")
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        let text = try files.map { try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8) }.joined()
        let known = Set(text.matches(of: /\b(?:func|struct|enum) `?(\w+)/).map { String($0.output.1) })
        let rows = (Self.pages["docs/faults.md"] ?? "").split(separator: "\n").compactMap {
            $0.hasSuffix(" |") ? $0.split(separator: " | ").last : nil
        }
        let named =
            rows.flatMap { $0.matches(of: /`(\w+)`/) } + Self.pages.values.flatMap { $0.matches(of: /`(\w+Tests)`/) }
        #expect(rows.count > 30)
        for match in named
        where !FileManager.default.fileExists(atPath: folder.appendingPathComponent(String(match.output.1)).path) {
            #expect(known.contains(String(match.output.1)), "no test is called \(match.output.1)")
        }
    }

    private static func sources() throws -> [String] {
        let folder = self.root.appendingPathComponent("Sources/BuildWorker")
        return try FileManager.default.subpathsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }.map {
            try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8)
        }
    }

    @Test func thePageOnTheSpoolHasEveryEntry() throws {
        let page = try #require(Self.pages["docs/architecture.md"])
        let names = try Self.sources().flatMap {
            $0.matches(of: /\\\((?:spool(?:\.path)?|\$0\.path|path)\)\/([a-z]+)\b/).map { String($0.output.1) }
        }
        #expect(Set(names).isSuperset(of: ["inflight", "suspects", "timers", "queues", "reports", "running"]))
        for name in Set(names) {
            let isListed = page.contains("`\(name)`") || page.contains("`\(name)/`")
            #expect(isListed, "docs/architecture.md does not say what \(name) is")
        }
    }

    @Test func theIndexHasEveryPage() throws {
        let index = try #require(Self.pages["docs/README.md"])
        for page in Self.pages.keys where page.hasPrefix("docs/") && page != "docs/README.md" {
            let isListed = index.contains("(\(page.dropFirst(5)))")
            #expect(isListed, "docs/README.md does not list \(page)")
        }
    }

    @Test func theFrontPageIsShort() throws { #expect(try #require(Self.pages["README.md"]).utf8.count <= 10_240) }

    /// With `RENEW_DOCS=1`, which `scripts/docs` sets, it writes them instead.
    @Test(arguments: pages.keys.sorted())
    func whatIsMadeFromTheCodeIsAsTheCode(_ path: String) throws {
        let page = try #require(Self.pages[path])
        let renewed = try GeneratedTable.renew(page)
        if ProcessInfo.processInfo.environment["RENEW_DOCS"] == "1" {
            if renewed != page {
                try renewed.write(to: Self.root.appendingPathComponent(path), atomically: true, encoding: .utf8)
            }
        } else {
            let isFresh = renewed == page
            #expect(isFresh, "\(path) is stale: run scripts/docs, which writes its tables anew")
        }
    }

    @Test(arguments: GeneratedTable.allCases)
    func everyTableIsOnAPage(_ table: GeneratedTable) throws {
        #expect(Self.pages.values.count { $0.contains("<!-- scripts/docs writes: \(table.rawValue) -->") } == 1)
    }

    @Test func everySettingHasAMeaning() throws {
        let comments = GeneratedTable.comments(
            try String(contentsOfFile: "\(ConfigurationFixture.directory)/default.yaml", encoding: .utf8))
        for setting in Setting.all {
            #expect(comments[setting.key] != nil, "Config/default.yaml has no comment for \(setting.key)")
        }
    }

    /// `1–65535` or `up to 3600` in a comment: the last number is taken and the next one is not.
    @Test func rangesInCommentsAreThoseOfTheCode() throws {
        let comments = GeneratedTable.comments(
            try String(contentsOfFile: "\(ConfigurationFixture.directory)/default.yaml", encoding: .utf8))
        var found = 0
        for row in try ConfigurationFixture.load().report.rows {
            guard let match = comments[row.key]?.firstMatch(of: /(?:(\d+)–|up to )(\d[\d ]*\d|\d)/),
                row.value.integer != nil
            else { continue }
            let (least, most) = (
                match.output.1.flatMap { Int($0) }, try #require(Int(match.output.2.filter { $0 != " " }))
            )
            found += 1
            for value in [least, most].compactMap(\.self) {
                #expect(Self.isTaken(value, row), "\(row.variable)=\(value) is refused")
            }
            for value in [least.map { $0 - 1 }, most + 1].compactMap(\.self) {
                #expect(!Self.isTaken(value, row), "\(row.variable)=\(value) is taken")
            }
        }
        #expect(found > 10)
    }

    private static func isTaken(_ value: Int, _ row: ConfigurationReport.Row) -> Bool {
        !ConfigurationFixture.problems([row.variable: "\(value)"]).contains { $0.key == row.key }
    }

    @Test func anUnknownTableIsRefused() {
        #expect(throws: GeneratedTable.Unknown.self) {
            try GeneratedTable.renew("<!-- scripts/docs writes: nonsense -->\n<!-- end -->")
        }
        #expect(throws: Never.self) { try GeneratedTable.renew("nothing") }
    }
}
