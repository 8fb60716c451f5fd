internal import Support

/// A job's file name, `<started>-<seq>-<pid>-<random>.<attempt>`: all that is needed to know whether it is due, without reading it.
package struct JobName: Hashable, Sendable, CustomStringConvertible {
    /// The time from which it may run, in milliseconds since 1970: a delay lives on the disk and outlives every process.
    package var started: Int
    /// When it was made, in microseconds since 1970, and greater than that of every job made before in its boxes: their order.
    package let sequence: Int
    /// Of the process that made it.
    package let pid: Int
    package let random: UInt32
    /// Runs that it has had and that failed or were never heard of again.
    package var attempt: Int

    init(started: Int, sequence: Int, pid: Int, random: UInt32 = .random(in: .min ... .max), attempt: Int = 0) {
        (self.started, self.sequence, self.pid, self.random, self.attempt) = (started, sequence, pid, random, attempt)
    }

    /// `nil`: a file of somebody else's.
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

    /// Stays the same from box to box and from attempt to attempt.
    package var id: String { "\(self.sequence)-\(self.pid)-\(self.random.hexadecimal(digits: 8))" }

    /// Milliseconds since 1970.
    package var created: Int { self.sequence / 1000 }

    package var description: String { "\(self.started)-\(self.id).\(self.attempt)" }

    /// Digits only: `Int` would take a sign.
    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }
}
