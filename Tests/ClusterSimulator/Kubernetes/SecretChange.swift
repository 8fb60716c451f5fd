import Foundation

/// What a posted Secret or a merge patch says: members that are not there stay as they are, `null` removes.
struct SecretChange {
    private(set) var name: String?
    private var labels: [String: String?] = [:]
    private var owners: [SimulatedSecret.Owner]?
    private var data: [String: String?] = [:]

    init(_ bytes: [UInt8]) throws(JSONProblem) {
        var scanner = JSONScanner(bytes)
        try scanner.object { scanner, key throws(JSONProblem) in
            switch key {
            case "metadata": try readMetadata(&scanner)
            case "data": data.merge(try Self.map(&scanner)) { $1 }
            case "stringData":
                data.merge(try Self.map(&scanner).mapValues { $0.map { Data($0.utf8).base64EncodedString() } }) { $1 }
            default: try scanner.skip()
            }
        }
        try scanner.end()
    }

    var label: String? { labels["sdbuild"] ?? nil }

    func apply(to secret: inout SimulatedSecret) {
        for (key, value) in labels { secret.labels[key] = value }
        for (key, value) in data { secret.data[key] = value }
        if let owners { secret.owners = owners }
    }

    private mutating func readMetadata(_ scanner: inout JSONScanner) throws(JSONProblem) {
        try scanner.object { scanner, key throws(JSONProblem) in
            switch key {
            case "name": name = try scanner.string()
            case "labels": labels = try Self.map(&scanner)
            case "ownerReferences": owners = try Self.owners(&scanner)
            default: try scanner.skip()
            }
        }
    }

    private static func owners(_ scanner: inout JSONScanner) throws(JSONProblem) -> [SimulatedSecret.Owner] {
        var owners: [SimulatedSecret.Owner] = []
        try scanner.array { scanner throws(JSONProblem) in
            var owner = SimulatedSecret.Owner(name: "", uid: "")
            try scanner.object { scanner, key throws(JSONProblem) in
                switch key {
                case "name": owner.name = try scanner.string()
                case "uid": owner.uid = try scanner.string()
                default: try scanner.skip()
                }
            }
            owners.append(owner)
        }
        return owners
    }

    private static func map(_ scanner: inout JSONScanner) throws(JSONProblem) -> [String: String?] {
        var map: [String: String?] = [:]
        try scanner.object { scanner, key throws(JSONProblem) in
            map.updateValue(try scanner.stringOrSkip(), forKey: key)
        }
        return map
    }
}
