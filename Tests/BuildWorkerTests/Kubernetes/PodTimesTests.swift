import Testing

@testable import BuildWorker
@testable import Clients
@testable import Support
@testable import Workflow

@Suite struct PodTimesTests {
    private static func pod(_ created: String, _ scheduled: String?, _ running: String?) -> JSONValue {
        var status: JSONValue = [:]
        if let scheduled {
            status["conditions"] = [
                ["type": "Ready", "status": "False"],
                ["type": "PodScheduled", "status": "True", "lastTransitionTime": .string(scheduled)],
            ]
        }
        if let running {
            status["containerStatuses"] = [
                ["state": ["running": ["startedAt": .string(running)]]], ["state": ["waiting": ["reason": "x"]]],
            ]
        }
        return ["metadata": ["creationTimestamp": .string(created)], "status": status]
    }

    @Test func aPodTellsItsBeginnings() throws {
        let times = try #require(
            PodTimes(pod: Self.pod("2026-11-21T10:00:00Z", "2026-11-21T10:00:03Z", "2026-11-21T10:01:05Z")))
        #expect(times.untilScheduled == .seconds(3))
        #expect(times.untilRunning == .seconds(62))
    }

    @Test func clocksThatGoBackCountAsNothing() throws {
        let times = try #require(
            PodTimes(pod: Self.pod("2026-11-21T10:00:05Z", "2026-11-21T10:00:03Z", "2026-11-21T10:00:02Z")))
        #expect(times.untilScheduled == .zero)
        #expect(times.untilRunning == .zero)
    }

    @Test(arguments: [
        pod("2026-11-21T10:00:00Z", nil, "2026-11-21T10:01:05Z"),
        pod("2026-11-21T10:00:00Z", "2026-11-21T10:00:03Z", nil),
        pod("soon", "2026-11-21T10:00:03Z", "2026-11-21T10:01:05Z"), [:],
    ])
    func onePartMissingIsNothing(pod: JSONValue) { #expect(PodTimes(pod: pod) == nil) }
}
