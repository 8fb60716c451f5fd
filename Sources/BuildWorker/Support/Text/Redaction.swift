// Redaction of external text and documents before they are shown. Three rules, and no others:
// - documents: members that are not on the allow list (`ShownMembers`);
// - any text: anything that looks like a token, and known secrets (`sanitizedForLog`);
// - text that may quote requests or settings: user, password and query of URLs, and the text after a word that
//   announces a secret (`withoutCredentials`).

/// An allow list of document members that may be shown; a deny list could never be complete.
///
/// Members are listed by the name of the enclosing object, "" for the document itself; array items belong to the
/// same object. Other members are shown by name only, with the value `<redacted>`.
package struct ShownMembers: Sendable {
    private let names: [String: Set<String>]

    package init(_ names: [String: Set<String>]) { self.names = names }

    /// Build messages, as their publishers and this worker write them.
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

    /// Headers set by RabbitMQ and this worker.
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

    /// Payloads of spooled jobs: notes, events and reports.
    package static let job = ShownMembers([
        "": [
            "apiUri", "at", "attempt", "buildId", "cause", "causes", "class", "event", "fingerprint", "host", "id",
            "jobId", "jobType", "kind", "podName",
            "queue", "reportId", "stats", "statusMessage", "timeline", "title", "version", "worker",
        ],
        "stats": ["hostname", "imagePullStartTime"], "timeline": ["atMs", "outcome", "step", "tookMs"],
    ])

    /// The lists and maps in our settings.
    package static let settings = ShownMembers([
        "": [
            "heartbeatIntervalInSeconds", "key", "mountPath", "name", "path", "readOnly", "reconnectTimeInSeconds",
            "secretName", "type", "variable",
        ]
    ])

    fileprivate func of(_ name: String) -> Set<String>? { self.names[name] }
}

extension JSONValue {
    /// The document with every member redacted that is not in `shown`.
    package func redacted(_ shown: ShownMembers) -> JSONValue { self.redacted(shown, in: "", isShown: false) }

    private func redacted(_ shown: ShownMembers, in name: String, isShown: Bool) -> JSONValue {
        switch self {
        case .object(let members):
            guard let names = shown.of(name) else { return "<redacted>" }
            return .object(
                members.map { member in
                    let isShown = names.contains(member.name)
                    // Member names can contain secrets, too.
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
    /// The text made safe for a log line or a build's status: one line, no control characters, nothing that looks like
    /// a token, at most `limit` characters.
    ///
    /// A server may quote the request it rejects, and a pod's arguments contain the build's token. So `secrets` are
    /// removed, as is any word that contains a piece of one, and each word of base64url characters that looks like a
    /// part of a JWT (image digests and pod names do not).
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
        // Enough for the limit, however much is removed; the rest is not scanned.
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

    /// Control characters, format characters and line separators.
    private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    /// All substrings of 12 bytes, packed; shorter pieces of a secret occur in ordinary words, too.
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
        // Words have capitals only at the start and digits only at the end; token characters alternate between classes.
        func isMixed(_ part: ArraySlice<CharacterClass?>) -> Bool {
            part.count >= 16 && hasAll(part) && zip(part, part.dropFirst()).count { $0 != $1 } * 3 >= part.count
        }
        return run.count >= 32 && hasAll(classes) || String(run).hasPrefix("eyJ")
            || classes.split(separator: nil).contains(where: isMixed)
    }

    /// Removes user, password, query and fragment of URLs, and the text after a word that announces a secret:
    /// `password=…`, `Authorization: Basic …`.
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

    /// Removes everything before an `@`, with or without a scheme, even if the password contains a slash. For values of
    /// settings only: image references contain `@`, too. Secret keys never get here.
    package var withoutUserinfo: String {
        self.replacing(/\/\/[^\s"]*@/, with: "//<redacted>@").replacing(
            /[^\s"@,\/]+:(?!\/\/)[^\s"]*@/, with: "<redacted>@"
        ).withoutAddressSecrets
    }
}
