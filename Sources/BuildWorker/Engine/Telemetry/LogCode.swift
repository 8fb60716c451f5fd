internal import Logging

/// A stable code for a log line, under the key `event`; the sentence may change.
enum LogCode: String, CaseIterable {
    case outageBegan = "outage_began"
    case outageContinues = "outage_continues"
    case outageEnded = "outage_ended"
    case clusterFault = "cluster_fault"
    case podAdopted = "pod_adopted"
    case executorUnknown = "executor_unknown"
    case deletedByLabel = "pods_deleted_by_label"
    case secretLeft = "secret_left"
    case failureRefused = "failure_refused"
    case jobRetried = "spool_job_retried"
    case disconnected = "rabbitmq_disconnected"
    case queueLost = "queue_lost"
    case queueStopped = "queue_stopped"
    case takenBack = "deliveries_taken_back"
    case publishingBlocked = "publishing_blocked"
}

extension Logger.Metadata {
    static func of(_ code: LogCode, _ more: Logger.Metadata = [:]) -> Logger.Metadata {
        more.merging(["event": .string(code.rawValue)]) { $1 }
    }
}
