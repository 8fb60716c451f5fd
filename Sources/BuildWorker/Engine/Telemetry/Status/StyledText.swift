internal import Support

/// Terminal text with an optional colour.
struct StyledText: ExpressibleByStringInterpolation {
    enum Tone: String {
        case plain = ""
        case strong = "1"
        case quiet = "2"
        case good = "32"
        case warning = "33"
        case bad = "1;31"
    }

    let text: String
    let tone: Tone

    /// - Parameter text: untrusted; terminal control sequences are removed.
    init(_ text: String, _ tone: Tone = .plain) { (self.text, self.tone) = (text.sanitizedForLog(limit: 300), tone) }

    init(stringLiteral value: String) { self.init(value) }

    func shown(_ colours: Bool) -> String {
        colours && self.tone != .plain ? "\u{1B}[\(self.tone.rawValue)m\(self.text)\u{1B}[0m" : self.text
    }
}
