/// What a look at a build's pod, or at all of them, showed. The build container decides, whatever its neighbours do.
package enum PodObservation: Hashable, Sendable {
    /// Healthy, but not begun: `waitsFor` says what it needs, in words for people.
    case pending(node: String?, waitsFor: String)
    case running(node: String?)
    /// The build container has ended well.
    case succeeded(node: String?)
    case broken(PodFailure)
    /// Being deleted before it began; the detail says by whom, where that is known.
    case terminating(detail: String)
    /// The name is taken by a pod that is not this build's.
    case notOwned
    /// There is none.
    case notFound
    /// The API server did not say.
    case unknown(Problem)
}

/// What a look showed besides: nothing is decided by it.
package struct PodDetails: Hashable, Sendable {
    /// When its image pull began. `nil`: no node has it yet.
    package var pullStart: String?
    package var times: PodTimes?

    package init(pullStart: String? = nil, times: PodTimes? = nil) {
        self.pullStart = pullStart
        self.times = times
    }
}

/// When a pod that runs, or has run, went through its beginnings, by the cluster's clock in whole seconds.
package struct PodTimes: Hashable, Sendable {
    /// From its creation to its node.
    package let untilScheduled: Duration
    /// From its node to the first container that ran.
    package let untilRunning: Duration

    package init(untilScheduled: Duration, untilRunning: Duration) {
        self.untilScheduled = untilScheduled
        self.untilRunning = untilRunning
    }
}

/// Why a pod will not run its build, or not any more.
package struct PodFailure: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The pod has ended, or its node is gone: phase `failed` or `unknown`.
        case ended(phase: String)
        /// The build's image, or the launcher's, cannot be had.
        case image
        /// The build container cannot be made, or does not stay up.
        case container
    }

    /// Whether the trouble may pass by itself.
    package enum Outlook: Hashable, Sendable, CaseIterable {
        case permanentFailure
        /// A registry that is overloaded, a time-out: mostly gone a moment later.
        case transient
        /// The state does not say why; what was seen before does.
        case unclear
    }

    package let kind: Kind
    /// The cluster's own words; may be empty.
    package let detail: String
    package let failureClass: FailureClass
    package let outlook: Outlook
    /// The build container ran: its launcher may have told the build API how the build ended.
    package let hasBegun: Bool

    package init(
        _ kind: Kind, _ detail: String, _ failureClass: FailureClass? = nil, outlook: Outlook = .permanentFailure,
        hasBegun: Bool = false
    ) {
        (self.kind, self.detail, self.outlook, self.hasBegun) = (kind, detail, outlook, hasBegun)
        self.failureClass = failureClass ?? (kind == .image ? .image : .container)
    }

    /// For logs and timelines.
    package var summary: String {
        switch self.kind {
        case .ended(let phase): self.detail.isEmpty ? "pod \(phase)" : "pod \(phase): \(self.detail)"
        case .image, .container: self.detail
        }
    }
}

extension PodObservation {
    /// What several pods of one build mean together.
    ///
    /// There is more than one only where an older worker doubled a build. One that has begun is enough;
    /// else one that may begin; else the gravest tells why not, first of all one whose build ran.
    package static func combining(_ pods: [PodObservation]) -> PodObservation {
        pods.max { $0.weight < $1.weight } ?? .notFound
    }

    private var weight: Int {
        switch self {
        case .running: 8
        case .succeeded: 7
        case .pending: 6
        case .broken(let failure): failure.hasBegun ? 5 : 4
        case .unknown: 3
        case .terminating: 2
        case .notOwned: 1
        case .notFound: 0
        }
    }
}
