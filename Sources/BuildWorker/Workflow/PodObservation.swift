/// The state of a build's pod or pods. The build container is decisive, whatever other containers do.
package enum PodObservation: Hashable, Sendable {
    /// Healthy, but not started; `waitsFor` describes what is missing.
    case pending(node: String?, waitsFor: String)
    case running(node: String?)
    case succeeded(node: String?)
    case broken(PodFailure)
    /// Being deleted before it started; the detail says by what, if known.
    case terminating(detail: String)
    /// The name belongs to a pod that is not this build's.
    case notOwned
    case notFound
    /// The API server gave no answer.
    case unknown(Problem)
}

/// Additional details of an observation; not used for decisions.
package struct PodDetails: Hashable, Sendable {
    /// When the image pull began; `nil`: not scheduled to a node yet.
    package var pullStart: String?
    package var times: PodTimes?

    package init(pullStart: String? = nil, times: PodTimes? = nil) {
        self.pullStart = pullStart
        self.times = times
    }
}

/// Startup times of a pod that runs or has run, by the cluster's clock in whole seconds.
package struct PodTimes: Hashable, Sendable {
    /// From creation to scheduling.
    package let untilScheduled: Duration
    /// From scheduling to the first running container.
    package let untilRunning: Duration

    package init(untilScheduled: Duration, untilRunning: Duration) {
        self.untilScheduled = untilScheduled
        self.untilRunning = untilRunning
    }
}

/// Why a pod will not run its build, or no longer does.
package struct PodFailure: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The pod has ended or its node is lost: phase `failed` or `unknown`.
        case ended(phase: String)
        /// The build's or the launcher's image cannot be pulled.
        case image
        /// The build container cannot be created, or keeps crashing.
        case container
    }

    /// Whether the problem may pass without intervention.
    package enum Outlook: Hashable, Sendable, CaseIterable {
        case permanentFailure
        /// Overloaded registry, timeout: usually passes within moments.
        case transient
        /// Not clear from this state; earlier observations decide.
        case unclear
    }

    package let kind: Kind
    /// The cluster's message; may be empty.
    package let detail: String
    package let failureClass: FailureClass
    package let outlook: Outlook
    /// The build container ran: its launcher may have reported the build's result to the build API.
    package let hasBegun: Bool

    package init(
        _ kind: Kind, _ detail: String, _ failureClass: FailureClass? = nil, outlook: Outlook = .permanentFailure,
        hasBegun: Bool = false
    ) {
        (self.kind, self.detail, self.outlook, self.hasBegun) = (kind, detail, outlook, hasBegun)
        self.failureClass = failureClass ?? (kind == .image ? .image : .container)
    }

    package var summary: String {
        switch self.kind {
        case .ended(let phase): self.detail.isEmpty ? "pod \(phase)" : "pod \(phase): \(self.detail)"
        case .image, .container: self.detail
        }
    }
}

extension PodObservation {
    /// Combines the observations of several pods of one build, left where an older worker created duplicates.
    ///
    /// A started pod wins, then a pending one, else the gravest failure, first of all one whose build ran.
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
