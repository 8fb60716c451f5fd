// What is taken out of texts and documents that came from outside, before people see them. Three rules, and no others:
// - of a document, members that are not known to be harmless (`ShownMembers`);
// - of any text, what looks like a token, and secrets that are known (`sanitizedForLog`);
// - of a text that may quote requests or settings, user, password and query of addresses, and what follows a word that announces a secret
//   (`withoutCredentials`).

/// What people may see of a document that came from outside: a list of what is shown. Nobody can list what is secret.
///
/// Members by the name of the object that they are in, "" for the document itself; items of an array are in the same. Of all others the name
/// is shown, and `<redacted>`.
package struct ShownMembers: Sendable {
    private let names: [String: Set<String>]

    package init(_ names: [String: Set<String>]) { self.names = names }

    /// A build message, as its publishers and this worker write it.
    package static let message = ShownMembers([
        "": ["job", "executor", "buildConfig", "cacheConfig"],
        "buildConfig": [
            "annotations", "apiUri", "blockedBy", "buildClusterName", "buildId", "container", "eventId",
            "freezeWindows", "isPR", "jobArchived", "jobId",
            "jobName", "jobState", "pipeline", "pipelineId", "prNum", "prParentJobId", "template",
        ],
        "pipeline": ["id", "name", "scmContext"], "template": ["fullName", "id", "name", "namespace", "version"],
        "cacheConfig": ["action", "id", "pipelineId", "prefix", "resource", "scope"],
        "annotations": Set(["", "beta."].flatMap { beta in Self.annotations.map { "\(beta)screwdriver.cd/\($0)" } }),
    ])

    private static let annotations = [
        "buildCluster", "buildkitCpu", "buildkitRam", "cpu", "disk", "diskSpeed", "dockerCpu", "dockerEnabled",
        "dockerRam", "executor", "ram",
        "rootlessBuildkitEnabled", "terminationGracePeriodSeconds", "timeout",
    ]

    /// Headers that RabbitMQ and this worker set.
    package static let headers = ShownMembers([
        "": [
            "x-death", "x-first-death-exchange", "x-first-death-queue", "x-first-death-reason", "x-last-death-exchange",
            "x-last-death-queue",
            "x-last-death-reason", "x-delivery-count", "x-init-round", "x-init-timer", "x-image-pull-start-time",
            "x-earlier-attempts", "x-owed-since",
            "x-troubled-since", "x-pod-is-hopeless", "x-poison-crashes", "x-parked-id", "x-parked-history",
            "x-parked-reason", "x-parked-detail",
            "x-parked-from", "x-parked-at", "x-original-cc", "x-original-bcc", "x-original-message-id", "CC",
        ],
        "x-death": ["count", "exchange", "original-expiration", "queue", "reason", "routing-keys", "time"],
        "x-parked-history": [
            "retried-at", "x-parked-at", "x-parked-detail", "x-parked-from", "x-parked-id", "x-parked-reason",
        ],
    ])

    /// What a spooled job carries: a note, an event or a report.
    package static let job = ShownMembers([
        "": [
            "apiUri", "at", "attempt", "buildId", "cause", "causes", "class", "event", "fingerprint", "host", "id",
            "jobId", "jobType", "kind", "podName",
            "queue", "reportId", "stats", "statusMessage", "timeline", "title", "version", "worker",
        ],
        "stats": ["hostname", "imagePullStartTime"], "timeline": ["atMs", "outcome", "step", "tookMs"],
    ])

    /// The lists and maps of our settings.
    package static let settings = ShownMembers([
        "": [
            "heartbeatIntervalInSeconds", "key", "mountPath", "name", "path", "readOnly", "reconnectTimeInSeconds",
            "secretName", "type", "variable",
        ]
    ])

    fileprivate func of(_ name: String) -> Set<String>? { self.names[name] }
}

extension JSONValue {
    /// With what may be seen, and nothing else.
    package func redacted(_ shown: ShownMembers) -> JSONValue { self.redacted(shown, in: "", isShown: false) }

    private func redacted(_ shown: ShownMembers, in name: String, isShown: Bool) -> JSONValue {
        switch self {
        case .object(let members):
            guard let names = shown.of(name) else { return "<redacted>" }
            return .object(
                members.map { member in
                    let isShown = names.contains(member.name)
                    // A name may be a text like others.
                    return Member(
                        member.name.sanitizedForLog(limit: 200),
                        isShown ? member.value.redacted(shown, in: member.name, isShown: true) : "<redacted>")
                })
        case .array(let elements): return .array(elements.map { $0.redacted(shown, in: name, isShown: isShown) })
        case .string(let text):
            return .string(isShown ? text.withoutCredentials.sanitizedForLog(limit: 2000) : "<redacted>")
        case .number, .bool, .null: return isShown ? self : "<redacted>"
        }
    }
}

extension String {
    /// The text as it may stand in a log line or a build's status: on one line, without control characters, without what
    /// looks like a token, at most `limit` characters.
    ///
    /// A server may quote the request that it refuses, and a build's token is in its pod's arguments. So `secrets` are
    /// taken out wherever they stand, a piece of one with the word around it, and so is each word of base64url characters that looks like
    /// a web token's part or a piece of one (image digests and pod names do not).
    package func sanitizedForLog(limit: Int, hiding secrets: [Secret] = []) -> String {
        var text = self
        let pieces = secrets.reduce(into: Set<UInt128>()) { $0.formUnion(Self.pieces(of: $1.exposed)) }
        for secret in secrets where !secret.isEmpty {
            text = text.split(separator: secret.exposed, omittingEmptySubsequences: false).joined(
                separator: "<redacted>")
        }
        var shown = String.UnicodeScalarView()
        var run = String.UnicodeScalarView()
        func end() {
            let isSecret =
                Self.looksLikeToken(run) || !pieces.isEmpty && !pieces.isDisjoint(with: Self.pieces(of: String(run)))
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
        func isMixed(_ part: ArraySlice<CharacterClass?>) -> Bool {
            part.count >= 16 && hasAll(part) && zip(part, part.dropFirst()).count { $0 != $1 } * 3 >= part.count
        }
        return run.count >= 32 && hasAll(classes) || String(run).hasPrefix("eyJ")
            || classes.split(separator: nil).contains(where: isMixed)
    }

    /// Without user, password, query and fragment of addresses, and without what follows a word that announces a secret: `password=…`,
    /// `Authorization: Basic …`.
    package var withoutCredentials: String {
        self.withoutAddressSecrets.replacing(
            /(?i)\b(authorization"?\s*[:=]\s*"?\w+|password"?\s*[:=]|passwd"?\s*[:=]|secret"?\s*[:=]|token"?\s*[:=])\s*"?[^\s",;]+/
        ) { "\($0.output.1) <redacted>" }
    }

    private var withoutAddressSecrets: String {
        self.replacing(/\/\/[^\s"\/]*@/, with: "//<redacted>@").replacing(/(\/\/[^\s"?#]+)[?#][^\s"]*/) {
            "\($0.output.1)?<redacted>"
        }
    }

    /// Of a setting's value, whatever is before an `@`: with and without a scheme, and should the password have a slash in it. Image references
    /// have one, too, so this is for nothing else. The keys that are secrets never come here.
    package var withoutUserinfo: String {
        self.replacing(/\/\/[^\s"]*@/, with: "//<redacted>@").replacing(
            /[^\s"@,\/]+:(?!\/\/)[^\s"]*@/, with: "<redacted>@"
        ).withoutAddressSecrets
    }
}
