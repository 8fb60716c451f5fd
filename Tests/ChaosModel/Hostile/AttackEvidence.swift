package import Foundation

/// What one attack left, for ``AttackEvidence/findings()``. None of it is what the worker says of itself but its logs.
package struct AttackEvidence: Sendable {
    /// What was published and confirmed.
    package struct Message: Sendable {
        package let id: Int
        package let body: Data
        /// `start 17`: what an outcome says of it; `nil`: nobody can read it, so it has to be parked or still in a queue.
        package let key: String?

        package init(id: Int, body: Data, key: String?) { (self.id, self.body, self.key) = (id, body, key) }
    }

    /// What was found in a queue afterwards.
    package struct Remains: Hashable, Sendable {
        /// From a header of the message's own, which headers that were too much to read take with them.
        package let id: Int?
        /// Empty where a message was too large to be kept at all.
        package let body: Data

        package init(id: Int?, body: Data) { (self.id, self.body) = (id, body) }
    }

    package let name: String
    /// Bytes.
    package let memoryLimit: Int
    /// What was tried, in words, and how often.
    package var tried = ""
    package var count = 0
    /// Exit codes of workers that ended by themselves; above 128: a signal.
    package var ends: [Int32] = []
    /// With which the attack may end one: it cannot start, and says why.
    package var designedEnds: Set<Int32> = []
    package var hasWorkerAtEnd = true
    /// The most memory of any worker, in bytes.
    package var peak = 0
    package var published: [Message] = []
    package var remains: Set<Remains> = []
    /// Outcomes, by ``Message/key``.
    package var outcomes: [String: Int] = [:]
    /// Texts that people may see, by where.
    package var shown: [String: Data] = [:]
    package var secrets: [String] = []
    /// Files beside what the worker may touch: before and afterwards.
    package var canaries: [String: (before: String?, after: String?)] = [:]
    /// What the attack saw itself.
    package var complaints: [String] = []

    package init(_ name: String, memoryLimit: Int) { (self.name, self.memoryLimit) = (name, memoryLimit) }
}

package struct Finding: Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, CaseIterable, Sendable {
        /// A worker ended that nobody told to, and not by design.
        case died
        case memory
        /// Neither an outcome nor in any queue.
        case lost
        case secretShown
        /// A file outside was changed.
        case outsideTouched
        /// What the attack was after came about.
        case attack
    }

    package let kind: Kind
    package let text: String

    package init(_ kind: Kind, _ text: String) { (self.kind, self.text) = (kind, text) }
    package var description: String { "\(self.kind.rawValue): \(self.text)" }
}

extension AttackEvidence {
    package func findings() -> [Finding] {
        var findings = Dictionary(grouping: self.ends.filter { !self.designedEnds.contains($0) }, by: \.self).sorted {
            $0.key < $1.key
        }.map { code, ends in
            Finding(
                .died, "\(ends.count) ended by themselves, exit code \(code)" + (code == 137 ? " (out of memory?)" : "")
            )
        }
        if !self.hasWorkerAtEnd { findings.append(Finding(.died, "no worker runs at the end")) }
        if self.peak >= self.memoryLimit {
            findings.append(Finding(.memory, "\(self.peak >> 20) MiB of \(self.memoryLimit >> 20)"))
        }
        let lost = self.lost
        if !lost.isEmpty {
            let first = lost.prefix(3).map {
                "\($0.id) (\($0.key ?? "unreadable")) \(String(String(decoding: $0.body, as: UTF8.self).prefix(120)))"
            }
            findings.append(Finding(.lost, "\(lost.count) messages are nowhere: \(first.joined(separator: "; "))"))
        }
        for (place, text) in self.shown.sorted(by: { $0.key < $1.key }) {
            for secret in self.secrets where text.range(of: Data(secret.utf8)) != nil {
                findings.append(Finding(.secretShown, "\(secret.prefix(18))… stands in \(place)"))
            }
        }
        for (path, file) in self.canaries.sorted(by: { $0.key < $1.key }) where file.before != file.after {
            findings.append(
                Finding(.outsideTouched, "\(path) was \(file.before ?? "not there") and is \(file.after ?? "gone")"))
        }
        return findings + self.complaints.map { Finding(.attack, $0) }
    }

    /// Messages of one key stand for each other: of those that are in no queue, there have to be as many outcomes.
    private var lost: [Message] {
        let ids = Set(self.remains.compactMap(\.id))
        let bodies = Set(self.remains.map(\.body))
        let gone = self.published.filter { !ids.contains($0.id) && !bodies.contains($0.body) }
        return Dictionary(grouping: gone, by: \.key).flatMap { key, messages in
            messages.dropFirst(key.map { self.outcomes[$0] ?? 0 } ?? 0)
        }.sorted { $0.id < $1.id }
    }

    /// A row of the table that a run ends with.
    package var row: [String] {
        let findings = self.findings()
        let verdict =
            findings.isEmpty
            ? self.ends.isEmpty ? "held" : "held, \(self.ends.count) refused to start"
            : Set(findings.map(\.kind.rawValue)).sorted().joined(separator: ", ")
        return [self.name, self.tried, String(self.count), verdict, "\(self.peak >> 20) MiB"]
    }

    package static func table(_ attacks: [AttackEvidence]) -> String {
        let rows = [["attack", "what was tried", "how many", "verdict", "memory"]] + attacks.map(\.row)
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        func line(_ row: [String]) -> String {
            "| "
                + zip(row, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined(
                    separator: " | ") + " |"
        }
        return
            ([line(rows[0]), "|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|"]
            + rows.dropFirst().map(line)).joined(separator: "\n")
    }
}
