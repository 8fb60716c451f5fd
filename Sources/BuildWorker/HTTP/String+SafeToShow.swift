extension String {
    /// The text as it may stand in a log line or a build's status: on one line, without control characters, without what
    /// looks like a token, at most `limit` characters.
    ///
    /// A server may quote the request that it refuses, and a build's token is in its pod's arguments. So `secrets` are
    /// taken out wherever they stand, a piece of one with the word around it, and so is each word of base64url characters that looks like
    /// a web token's part or a piece of one (image digests and pod names do not).
    func safeToShow(limit: Int, hiding secrets: [Secret] = []) -> String {
        var text = self
        let pieces = secrets.reduce(into: Set<UInt128>()) { $0.formUnion(Self.pieces(of: $1.exposed)) }
        for secret in secrets where !secret.isEmpty { text = text.split(separator: secret.exposed, omittingEmptySubsequences: false).joined(separator: "<redacted>") }
        var shown = String.UnicodeScalarView()
        var run = String.UnicodeScalarView()
        func end() {
            let isSecret = Self.looksLikeToken(run) || !pieces.isEmpty && !pieces.isDisjoint(with: Self.pieces(of: String(run)))
            shown.append(contentsOf: isSecret ? "<redacted>".unicodeScalars : run)
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

    /// Every 12 bytes in a row, packed; shorter pieces of a secret are in ordinary words, too.
    private static func pieces(of text: String) -> Set<UInt128> {
        let length = 12
        var (pieces, piece): (Set<UInt128>, UInt128) = ([], 0)
        for (index, byte) in text.utf8.enumerated() {
            piece = (piece << 8 | UInt128(byte)) & (1 << (8 * length) - 1)
            if index >= length - 1 { pieces.insert(piece) }
        }
        return pieces
    }

    private enum CharacterClass { case small, capital, digit }

    private static func looksLikeToken(_ run: String.UnicodeScalarView) -> Bool {
        guard run.count >= 16 else { return run.count >= 8 && String(run).hasPrefix("eyJ") }
        let classes = run.map { scalar -> CharacterClass? in
            switch scalar {
            case "a"..."z": .small
            case "A"..."Z": .capital
            case "0"..."9": .digit
            default: nil
            }
        }
        func hasAll(_ classes: some Collection<CharacterClass?>) -> Bool { Set(classes.compactMap(\.self)).count == 3 }
        // Words begin with their only capital and end with their digits; in a piece of a token every second character is of another class.
        func isMixed(_ part: ArraySlice<CharacterClass?>) -> Bool { part.count >= 16 && hasAll(part) && zip(part, part.dropFirst()).count { $0 != $1 } * 3 >= part.count }
        return run.count >= 32 && hasAll(classes) || String(run).hasPrefix("eyJ") || classes.split(separator: nil).contains(where: isMixed)
    }
}
