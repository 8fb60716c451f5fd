internal import Support

/// A job's file name, `<started>-<seq>-<pid>-<random>.<attempt>`: shows whether the job is due without reading it.
package struct JobName: Hashable, Sendable, CustomStringConvertible {
    /// Earliest run time, Unix time in milliseconds: a delay on disk, so it outlives the process.
    package var started: Int
    /// Creation time, Unix time in microseconds; greater than that of all earlier jobs in its boxes, so it orders them.
    package let sequence: Int
    package let pid: Int
    package let random: UInt32
    /// Runs so far that failed or did not report back.
    package var attempt: Int

    init(started: Int, sequence: Int, pid: Int, random: UInt32 = .random(in: .min ... .max), attempt: Int = 0) {
        (self.started, self.sequence, self.pid, self.random, self.attempt) = (started, sequence, pid, random, attempt)
    }

    /// `nil`: not a job's file name.
    init?(_ text: String) {
        let halves = text.split(separator: ".", omittingEmptySubsequences: false)
        let parts = halves.first.map { $0.split(separator: "-", omittingEmptySubsequences: false) } ?? []
        guard halves.count == 2, parts.count == 4, let attempt = Self.number(halves[1]),
            let started = Self.number(parts[0]),
            let sequence = Self.number(parts[1]), let pid = Self.number(parts[2]), parts[3].count == 8,
            let random = UInt32(parts[3], radix: 16)
        else { return nil }
        self.init(started: started, sequence: sequence, pid: pid, random: random, attempt: attempt)
    }

    /// Stable across boxes and attempts.
    package var id: String { "\(self.sequence)-\(self.pid)-\(self.random.hexadecimal(digits: 8))" }

    /// Unix time in milliseconds.
    package var created: Int { self.sequence / 1000 }

    package var description: String { "\(self.started)-\(self.id).\(self.attempt)" }

    /// Digits only: `Int` would accept a sign.
    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }
}
