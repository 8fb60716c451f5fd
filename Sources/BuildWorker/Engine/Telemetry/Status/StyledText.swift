internal import Support

/// Text for a terminal, and how it looks where there are colours.
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

    /// - Parameter text: may come from anywhere; what would move the cursor or hide a part of it is taken out.
    init(_ text: String, _ tone: Tone = .plain) { (self.text, self.tone) = (text.sanitizedForLog(limit: 300), tone) }

    init(stringLiteral value: String) { self.init(value) }

    func shown(_ colours: Bool) -> String {
        colours && self.tone != .plain ? "\u{1B}[\(self.tone.rawValue)m\(self.text)\u{1B}[0m" : self.text
    }
}
