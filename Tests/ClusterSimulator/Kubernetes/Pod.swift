/// A simulated pod. Its stage follows from the time: it catches up when somebody looks, and by a timer when nobody does.
final class Pod {
    let name: String
    let namespace: String
    let uid: String
    let labels: [(key: String, value: String)]
    let containers: [PodManifest.Container]
    let initContainers: [PodManifest.Container]
    let createdAt: Timestamp
    /// See `PodManifest`; emptied when a deleted pod is remembered only for its name.
    private(set) var metadataMembers: [UInt8]
    private(set) var specMembers: [UInt8]

    let createdVersion: Int
    var resourceVersion: Int
    /// Set when the deletion has begun.
    var deletionTimestamp: Timestamp?
    /// Whether the pod is gone.
    var isDeleted = false

    private(set) var fate: Fate
    private(set) var stage: PodStage = .unscheduled {
        didSet { renderedStatus = [] }
    }
    var launcher = LauncherState.waiting
    /// `status` as JSON at this stage; empty until somebody has read it.
    var renderedStatus: [UInt8] = []
    private(set) var stageSince: Timestamp
    /// nil: without a node.
    private(set) var scheduledAt: Timestamp?
    private(set) var startedAt: Timestamp?
    private var timeline: [(at: Int64, stage: PodStage)]
    private var timelineStart: Timestamp
    /// The first entry of the timeline that has not come yet.
    private var next = 0

    init(
        name: String, namespace: String, uid: String? = nil, manifest: PodManifest, now: Timestamp,
        resourceVersion: Int, startDelay: Int64
    ) {
        self.name = name
        self.namespace = namespace
        self.uid = uid ?? Self.randomIdentifier()
        labels = manifest.labels
        containers = manifest.containers
        initContainers = manifest.initContainers
        metadataMembers = manifest.metadataMembers
        specMembers = manifest.specMembers
        createdAt = now
        createdVersion = resourceVersion
        self.resourceVersion = resourceVersion
        let wished = manifest.containers.first.map { Fate(image: $0.image) } ?? .running
        fate = Self.possible(wished, for: manifest.initContainers)
        timeline = fate.timeline(delay: startDelay)
        timelineStart = now
        // However fast its cluster is, a pod just made has no node yet: `advance` comes with the next look.
        stageSince = now
    }

    var image: String { containers.first?.image ?? "" }
    var build: String? { label("sdbuild") }

    func label(_ key: String) -> String? { labels.first { $0.key == key }?.value }

    /// When the next stage begins; nil when the pod will stay as it is.
    var nextChange: Timestamp? {
        next < timeline.count ? timelineStart.advanced(byMilliseconds: timeline[next].at) : nil
    }

    /// Moves to the stage that the time demands.
    /// - Returns: whether the stage has changed.
    @discardableResult
    func advance(to now: Timestamp) -> Bool {
        let before = stage
        while let change = nextChange, change <= now, !isDeleted {
            stage = timeline[next].stage
            stageSince = max(change, createdAt)
            next += 1
            if stage.hasNode { scheduledAt = scheduledAt ?? stageSince } else { scheduledAt = nil }
            if stage == .running { startedAt = stageSince }
        }
        return stage != before
    }

    /// Gives the pod another fate, whose last stage begins at once; only `slow-N` waits first.
    func change(to fate: Fate, now: Timestamp, startDelay: Int64) {
        self.fate = Self.possible(fate, for: initContainers)
        timeline = self.fate.timeline(delay: startDelay)
        next = 0
        let isSlow = if case .slow = fate { true } else { false }
        let skipped = isSlow ? 0 : timeline.last?.at ?? 0
        timelineStart = now.advanced(byMilliseconds: -skipped)
        advance(to: now)
    }

    /// Frees the memory of a pod that only `/state` still mentions.
    func forgetDocument() {
        metadataMembers = []
        specMembers = []
        renderedStatus = []
    }

    /// A pod without init containers has no launcher image that could be bad.
    private static func possible(_ fate: Fate, for initContainers: [PodManifest.Container]) -> Fate {
        fate == .badLauncherImage && initContainers.isEmpty ? .badImage : fate
    }

    private static func randomIdentifier() -> String {
        let high = UInt64.random(in: .min ... .max)
        let low = UInt64.random(in: .min ... .max)
        func hex(_ value: UInt64, _ digits: Int) -> String {
            let text = String(value & (digits == 16 ? .max : (1 << (4 * UInt64(digits))) - 1), radix: 16)
            return String(repeating: "0", count: digits - text.utf8.count) + text
        }
        return "\(hex(high >> 32, 8))-\(hex(high >> 16, 4))-4\(hex(high, 3))-a\(hex(low >> 52, 3))-\(hex(low, 12))"
    }
}
