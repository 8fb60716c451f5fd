/// What is needed of a posted pod: some names, and the rest as the bytes that were posted.
struct PodManifest {
    struct Container {
        var name = ""
        var image = ""
        var hasResources = false
    }

    var name: String?
    var generateName: String?
    var namespace: String?
    var labels: [(key: String, value: String)] = []
    var containers: [Container] = []
    var initContainers: [Container] = []
    /// The members of `metadata` that are returned unchanged, each with a leading comma.
    var metadataMembers: [UInt8] = []
    /// The members of `spec` that are returned unchanged, each with a leading comma.
    var specMembers: [UInt8] = []

    /// Reads a posted pod. Throws when it is not JSON, or a part has the wrong type.
    init(_ bytes: [UInt8]) throws(JSONProblem) {
        var scanner = JSONScanner(bytes)
        var hasSpec = false
        try scanner.object { scanner, key throws(JSONProblem) in
            switch key {
            case "kind":
                if let kind = try scanner.stringOrSkip(), kind != "Pod" {
                    throw scanner.problem("no kind \"\(kind)\" is registered here: expected \"Pod\"")
                }
            case "metadata": try readMetadata(&scanner)
            case "spec":
                hasSpec = true
                try readSpec(&scanner)
            default: try scanner.skip()
            }
        }
        try scanner.end()
        if !hasSpec { appendDefaults([]) }
    }

    private mutating func readMetadata(_ scanner: inout JSONScanner) throws(JSONProblem) {
        try scanner.object { scanner, key throws(JSONProblem) in
            switch key {
            case "name": name = try scanner.stringOrSkip()
            case "generateName": generateName = try scanner.stringOrSkip()
            case "namespace": namespace = try scanner.stringOrSkip()
            case "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "selfLink", "generation":
                try scanner.skip()
            case "labels":
                let start = scanner
                if scanner.peek() == UInt8(ascii: "{") {
                    try scanner.object { scanner, key throws(JSONProblem) in
                        labels.append((key, try scanner.string()))
                    }
                    var again = start
                    Self.append(key, try again.skip(), of: again, to: &metadataMembers)
                } else {
                    try scanner.skip()
                }
            default: Self.append(key, try scanner.skip(), of: scanner, to: &metadataMembers)
            }
        }
    }

    private mutating func readSpec(_ scanner: inout JSONScanner) throws(JSONProblem) {
        var keys: [String] = []
        try scanner.object { scanner, key throws(JSONProblem) in
            keys.append(key)
            switch key {
            case "nodeName": try scanner.skip()
            case "containers", "initContainers":
                var reader = scanner
                let range = try scanner.skip()
                Self.append(key, range, of: scanner, to: &specMembers)
                guard reader.peek() == UInt8(ascii: "[") else { return }
                let found = try Self.readContainers(&reader)
                if key == "containers" { containers = found } else { initContainers = found }
            default: Self.append(key, try scanner.skip(), of: scanner, to: &specMembers)
            }
        }
        appendDefaults(keys)
    }

    /// What an API server adds to the specification of every pod.
    private mutating func appendDefaults(_ present: [String]) {
        let defaults: [(String, String)] = [
            ("restartPolicy", "\"Always\""), ("terminationGracePeriodSeconds", "30"), ("dnsPolicy", "\"ClusterFirst\""),
            ("serviceAccountName", "\"default\""), ("securityContext", "{}"),
            ("schedulerName", "\"default-scheduler\""), ("enableServiceLinks", "true"),
        ]
        for (key, value) in defaults where !present.contains(key) {
            specMembers += ",\"\(key)\":\(value)".utf8
        }
    }

    private static func readContainers(_ scanner: inout JSONScanner) throws(JSONProblem) -> [Container] {
        var containers: [Container] = []
        try scanner.array { scanner throws(JSONProblem) in
            var container = Container()
            try scanner.object { scanner, key throws(JSONProblem) in
                switch key {
                case "name": container.name = try scanner.stringOrSkip() ?? ""
                case "image": container.image = try scanner.stringOrSkip() ?? ""
                case "resources": container.hasResources = try scanner.skip().count > 2
                default: try scanner.skip()
                }
            }
            containers.append(container)
        }
        return containers
    }

    private static func append(_ key: String, _ range: Range<Int>, of scanner: JSONScanner, to members: inout [UInt8]) {
        members.reserveCapacity(members.count + range.count + key.utf8.count + 4)
        members += ",\"".utf8
        members += key.utf8
        members += "\":".utf8
        members += scanner.bytes[range]
    }
}
