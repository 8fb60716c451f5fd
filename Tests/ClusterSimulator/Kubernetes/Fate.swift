/// What becomes of a pod, chosen by the image of its first container (`fate/NAME:tag`).
enum Fate: Equatable {
    case running, succeeded, stuckPending, stuckInitializing
    /// Runs for half a second; its build ends so.
    case short(BuildStatus)
    /// Stays without a node for so many milliseconds, then runs.
    case slow(Int64)
    /// The registry is too busy for a second or two; then it runs.
    case busyRegistry
    /// Runs, and containers that an injector put beside the build's do not: a native sidecar crashes, another has no image.
    case sidecarTrouble
    case badImage, badLauncherImage, invalidImage, crash, configError
    case failed, evicted, unknown
    /// Runs; once deleted it stays for two seconds with a deletion timestamp.
    case slowDelete

    /// The fate with exactly this name; nil when there is none.
    init?(name: String) {
        switch name {
        case "running": self = .running
        case "succeeded": self = .succeeded
        case "short": self = .short(.success)
        case "short-unstable": self = .short(.unstable)
        case "short-failure": self = .short(.failure)
        case "short-aborted": self = .short(.aborted)
        case "stuck-pending": self = .stuckPending
        case "stuck-initializing": self = .stuckInitializing
        case "busy-registry": self = .busyRegistry
        case "sidecar-trouble": self = .sidecarTrouble
        case "bad-image": self = .badImage
        case "bad-launcher-image": self = .badLauncherImage
        case "invalid-image": self = .invalidImage
        case "crash": self = .crash
        case "config-error": self = .configError
        case "failed": self = .failed
        case "evicted": self = .evicted
        case "unknown": self = .unknown
        case "slow-delete": self = .slowDelete
        default:
            guard name.hasPrefix("slow-"), let seconds = Double(name.dropFirst(5)), (0...1_000_000).contains(seconds)
            else { return nil }
            self = .slow(Int64(seconds * 1000))
        }
    }

    /// The longest beginning of an image's name, cut at a dash, that names a fate; else `running`.
    init(image: String) {
        self = ImageName.longestMatch(image) { Fate(name: $0) } ?? .running
    }

    /// The stages of a pod's life with the milliseconds since its creation at which each begins.
    ///
    /// - Parameter delay: from creation to scheduling, and again from there to the start.
    func timeline(delay: Int64) -> [(at: Int64, stage: PodStage)] {
        let start: [(Int64, PodStage)] = [(0, .unscheduled), (delay, .scheduled)]
        return switch self {
        case .running, .slowDelete: start + [(2 * delay, .running)]
        case .succeeded: start + [(2 * delay, .running), (3 * delay, .succeeded)]
        case .short: start + [(2 * delay, .running), (2 * delay + 500, .succeeded)]
        case .stuckPending: [(0, .unschedulable)]
        case .stuckInitializing: start
        case .slow(let wait): [(0, .unscheduled), (wait, .running)]
        case .busyRegistry:
            start + [(2 * delay, .registryBusy), (2 * delay + 1000, .imagePullBackOff), (2 * delay + 3000, .running)]
        case .sidecarTrouble: start + [(2 * delay, .sidecarTrouble)]
        case .badImage: start + [(2 * delay, .imagePullError), (3 * delay, .imagePullBackOff)]
        case .badLauncherImage: start + [(2 * delay, .launcherPullError), (3 * delay, .launcherPullBackOff)]
        case .invalidImage: start + [(2 * delay, .invalidImage)]
        case .crash: start + [(2 * delay, .running), (3 * delay, .crashLoop)]
        case .configError: start + [(2 * delay, .configError)]
        case .failed: start + [(2 * delay, .running), (3 * delay, .failed)]
        case .evicted: start + [(2 * delay, .running), (3 * delay, .evicted)]
        case .unknown: start + [(2 * delay, .running), (3 * delay, .unknown)]
        }
    }
}

/// Reading fates and faults out of image names.
enum ImageName {
    /// `registry:5000/fate/refuse-2-x:tag` → tries `refuse-2-x`, `refuse-2`, `refuse`.
    static func longestMatch<Match>(_ image: String, _ match: (String) -> Match?) -> Match? {
        let last = image.utf8.split(separator: UInt8(ascii: "/")).last ?? Substring(image).utf8
        let name = last.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "@") }
        var candidate = Substring(name)
        while true {
            if let found = match(String(candidate)) { return found }
            guard let dash = candidate.utf8.lastIndex(of: UInt8(ascii: "-")) else { return nil }
            candidate = candidate[..<dash]
        }
    }
}
