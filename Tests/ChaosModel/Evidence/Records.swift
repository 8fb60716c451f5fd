package import Foundation

/// One attempt to publish a message.
package struct PublishRecord: Codable, Hashable, Sendable {
    package enum Job: String, Codable, Sendable { case start, stop, rubbish }

    /// Seconds since 1970 when it was begun, as in every record.
    package var t: Double
    package var job: Job
    /// Of starts and stops.
    package var build: Int?
    /// Of starts.
    package var image: String?
    /// Of rubbish.
    package var body: Data?
    /// Whether the broker has it for certain. What was not confirmed is published again.
    package var isConfirmed: Bool

    package init(t: Double, job: Job, build: Int? = nil, image: String? = nil, body: Data? = nil, isConfirmed: Bool) {
        (self.t, self.job, self.build, self.image, self.body, self.isConfirmed) = (
            t, job, build, image, body, isConfirmed
        )
    }
}

/// A fault began, is over, or could not be made.
package struct FaultRecord: Codable, Hashable, Sendable {
    package enum Phase: String, Codable, Sendable { case began, over, notMade }

    package var t: Double
    package var number: Int
    package var kind: FaultKind
    package var phase: Phase
    /// For people.
    package var text: String
    /// The simulator's rule, where there is one: `rule N …` in the journal.
    package var rule: Int?

    package init(t: Double, number: Int, kind: FaultKind, phase: Phase, text: String, rule: Int? = nil) {
        (self.t, self.number, self.kind, self.phase, self.text, self.rule) = (t, number, kind, phase, text, rule)
    }
}

/// A worker was started or has ended.
package struct WorkerRecord: Codable, Hashable, Sendable {
    package enum Event: String, Codable, Sendable {
        case started
        /// After `kill -9`.
        case killed
        /// After SIGTERM.
        case drained
        /// After SIGTERM, but not in time.
        case stuck
        /// By itself.
        case ended
    }

    package var t: Double
    package var worker: Int
    package var event: Event
    /// Exit code, or 128 + the signal.
    package var code: Int32?

    package init(t: Double, worker: Int, event: Event, code: Int32? = nil) {
        (self.t, self.worker, self.event, self.code) = (t, worker, event, code)
    }
}

/// What `rabbitmqctl list_queues` said.
package struct QueueRecord: Codable, Hashable, Sendable {
    package struct Queue: Codable, Hashable, Sendable {
        package var name: String
        package var ready: Int
        package var unacked: Int

        package init(name: String, ready: Int, unacked: Int) {
            (self.name, self.ready, self.unacked) = (name, ready, unacked)
        }
    }

    package var t: Double
    /// Whether the workers had ended by then.
    package var isAfterWorkers: Bool
    package var queues: [Queue]

    package init(t: Double, isAfterWorkers: Bool, queues: [Queue]) {
        (self.t, self.isAfterWorkers, self.queues) = (t, isAfterWorkers, queues)
    }
}

/// A message in the parked queue at the end.
package struct ParkedMessage: Codable, Hashable, Sendable {
    package var body: Data
    package var reason: String?

    package init(body: Data, reason: String?) { (self.body, self.reason) = (body, reason) }
}

/// A failure report that a worker has left.
package struct ReportRecord: Codable, Hashable, Sendable {
    package var worker: Int
    /// Such as `build-failed`.
    package var kind: String
    package var build: Int?

    package init(worker: Int, kind: String, build: Int?) {
        (self.worker, self.kind, self.build) = (worker, kind, build)
    }

    /// Whether it says that the build was to be failed.
    var isOfFailedBuild: Bool { self.kind == "build-failed" || self.kind == "failure-refused" }
}

/// How the run ended.
package struct RunEnd: Codable, Hashable, Sendable {
    /// `nil`: everything came to rest. Else what still hung when time was up.
    package var hangs: String?
    package var began: Double
    package var ended: Double
    /// Messages that the broker handed out again, as it counted them.
    package var redelivered: Int
    /// What no log may show.
    package var secrets: [String]

    package init(hangs: String?, began: Double, ended: Double, redelivered: Int, secrets: [String]) {
        (self.hangs, self.began, self.ended, self.redelivered, self.secrets) = (
            hangs, began, ended, redelivered, secrets
        )
    }
}
