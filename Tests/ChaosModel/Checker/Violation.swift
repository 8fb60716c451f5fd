/// A promise that was broken.
package struct Violation: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        /// Neither a pod nor a FAILURE, or the pod is gone.
        case lost
        /// Two pods for one build.
        case doubled
        /// A pod that was never looked at after its init time.
        case neverVerified
        /// A build that could begin was failed.
        case failedWronglyHealthy
        /// A build that can never begin was not failed.
        case notFailed
        /// FAILURE, but not for what was wrong.
        case wrongCause
        /// The pod of a build that has ended lives on: every such build is stopped.
        case stoppedButAlive
        /// A build that ended by itself was to be failed afterwards.
        case failedAfterItsEnd
        /// A failure report of a build that ended by itself.
        case reportedAfterItsEnd
        /// A mere question took away what the build's page said.
        case messageErased
        /// A message is left in a queue that should be empty, or is unacked.
        case leftInQueue
        /// An unreadable message is not in the parked queue.
        case notParked
        /// Something is in the parked queue that can be read.
        case parkedWrongly
        /// The queues never came to rest.
        case neverAtRest
        /// A worker ended by itself, or did not drain when told to.
        case workerEnded
        /// A secret stands in a log.
        case secretShown
        /// The run itself is not to be trusted: evidence is missing, or a fault could not be made.
        case evidence
    }

    package let kind: Kind
    package let build: Int?
    package let text: String

    package init(_ kind: Kind, build: Int? = nil, _ text: String) {
        (self.kind, self.build, self.text) = (kind, build, text)
    }
}

extension Violation: CustomStringConvertible {
    package var description: String { "\(self.kind.rawValue)\(self.build.map { ", build \($0)" } ?? ""): \(self.text)" }
}
