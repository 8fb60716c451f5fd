extension String {
    /// The text as it may stand in a log line or a build's status: on one line, without control characters, without what
    /// looks like a token, at most `limit` characters.
    ///
    /// A server may quote the request that it refuses, and a build's token is in its pod's arguments. So `secrets` are
    /// taken out wherever they stand, and so is each run of 32 or more base64url characters with capitals, small letters and
    /// digits in it (a web token's parts are such; image digests and pod names are not).
    func safeToShow(limit: Int, hiding secrets: [Secret] = []) -> String {
        var text = self
        for secret in secrets where !secret.isEmpty { text = text.split(separator: secret.exposed, omittingEmptySubsequences: false).joined(separator: "<redacted>") }
        var shown = String.UnicodeScalarView()
        var run = String.UnicodeScalarView()
        func end() {
            shown.append(contentsOf: Self.looksLikeToken(run) ? "<redacted>".unicodeScalars : run)
            run.removeAll(keepingCapacity: true)
        }
        // Enough for the limit, whatever is taken out; the rest is not looked at.
        for scalar in text.unicodeScalars.prefix(limit * 8) {
            if Self.isTokenCharacter(scalar) {
                run.append(scalar)
            } else {
                end()
                shown.append(Self.isInvisible(scalar) ? " " : scalar)
            }
        }
        end()
        return String(String(shown).prefix(limit))
    }

    private static func isTokenCharacter(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "-", "_": true
        default: false
        }
    }

    /// Control and format characters and line separators: what changes how a line looks.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    private static func looksLikeToken(_ run: String.UnicodeScalarView) -> Bool {
        run.count >= 32 && run.contains { $0 >= "a" && $0 <= "z" } && run.contains { $0 >= "A" && $0 <= "Z" } && run.contains { $0 >= "0" && $0 <= "9" }
    }
}
