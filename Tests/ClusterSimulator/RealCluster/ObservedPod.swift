/// A pod as the real API server shows it.
struct ObservedPod {
    var uid = ""
    var isTerminating = false
    var resourceVersion = ""
    let manifest: PodManifest

    /// Reads a pod. Throws when it is none.
    init(_ bytes: [UInt8]) throws(JSONProblem) {
        manifest = try PodManifest(bytes)
        var scanner = JSONScanner(bytes)
        try scanner.object { scanner, key throws(JSONProblem) in
            guard key == "metadata" else {
                _ = try scanner.skip()
                return
            }
            try scanner.object { scanner, key throws(JSONProblem) in
                switch key {
                case "uid": uid = try scanner.string()
                case "resourceVersion": resourceVersion = try scanner.string()
                case "deletionTimestamp": isTerminating = try scanner.stringOrSkip() != nil
                default: try scanner.skip()
                }
            }
        }
    }

    /// The items of a `PodList`, and the version from which a watch goes on.
    static func list(_ bytes: [UInt8]) throws(JSONProblem) -> (pods: [ObservedPod], resourceVersion: String) {
        var pods: [ObservedPod] = []
        var version = ""
        var scanner = JSONScanner(bytes)
        try scanner.object { scanner, key throws(JSONProblem) in
            switch key {
            case "metadata":
                try scanner.object { scanner, key throws(JSONProblem) in
                    if key == "resourceVersion" { version = try scanner.string() } else { try scanner.skip() }
                }
            case "items" where scanner.peek() == UInt8(ascii: "["):
                try scanner.array { scanner throws(JSONProblem) in
                    let range = try scanner.skip()
                    pods.append(try ObservedPod(Array(scanner.bytes[range])))
                }
            default: try scanner.skip()
            }
        }
        return (pods, version)
    }
}
