package import Foundation
package import Support
internal import Workflow

extension PodTimes {
    /// - Returns: `nil` if the pod has not reached these states.
    package init?(pod: JSONValue) {
        let conditions = pod[path: "status", "conditions"]?.array ?? []
        let statuses =
            (pod[path: "status", "containerStatuses"]?.array ?? [])
            + (pod[path: "status", "initContainerStatuses"]?.array ?? [])
        let starts = statuses.compactMap { status in
            Self.time(status[path: "state", "running", "startedAt"]) ?? Self.time(
                status[path: "state", "terminated", "startedAt"])
                ?? Self.time(status[path: "lastState", "terminated", "startedAt"])
        }
        guard let created = Self.time(pod[path: "metadata", "creationTimestamp"]),
            let scheduled = Self.time(
                conditions.first { $0["type"]?.string == "PodScheduled" && $0["status"]?.string == "True" }?[
                    "lastTransitionTime"]),
            let running = starts.min()
        else { return nil }
        // Whole seconds of several machines' clocks: differences may be negative.
        self.init(
            untilScheduled: .seconds(max(0, scheduled.timeIntervalSince(created))),
            untilRunning: .seconds(max(0, running.timeIntervalSince(scheduled))))
    }

    package static func time(_ value: JSONValue?) -> Date? {
        guard let text = value?.string else { return nil }
        // Other formats are ignored.
        do { return try Date(text, strategy: .iso8601) } catch { return nil }
    }
}
