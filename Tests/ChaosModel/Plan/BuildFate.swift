/// What the simulated cluster does with a build's pod, chosen by its image, and what must become of the build.
package struct BuildFate: Hashable, Sendable {
    package enum Expectation: Hashable, Sendable {
        /// One pod, which is begun so many seconds after it was made.
        case begins(after: Double)
        /// One pod, whose launcher ends the build with this status, before an init timer fires. Then nothing is left of it.
        case ends(String)
        /// FAILURE, with these words in its cause.
        case fails(words: String)
    }

    /// The name that the simulator knows (`fate/NAME:1`).
    package let name: String
    package let expectation: Expectation
    /// How often it is drawn, relative to the others.
    let weight: Int

    package var image: String { "fate/\(self.name):1" }

    package init?(image: String) {
        guard let fate = Self.all.first(where: { $0.image == image }) else { return nil }
        self = fate
    }

    private init(_ name: String, _ expectation: Expectation, weight: Int) {
        (self.name, self.expectation, self.weight) = (name, expectation, weight)
    }

    package static let all: [BuildFate] = [
        BuildFate("running", .begins(after: 0), weight: 260),
        BuildFate("slow-delete", .begins(after: 0), weight: 20),
        BuildFate("slow-1", .begins(after: 1), weight: 30),
        BuildFate("slow-3", .begins(after: 3), weight: 40),
        // Longer than one init timer: pending when it is first looked at.
        BuildFate("slow-7", .begins(after: 7), weight: 30),
        BuildFate("refuse-1", .begins(after: 0), weight: 20),
        BuildFate("refuse-2", .begins(after: 0), weight: 20),
        BuildFate("quota-1", .begins(after: 0), weight: 15),
        BuildFate("quota-2", .begins(after: 0), weight: 15),
        BuildFate("reset-after", .begins(after: 0), weight: 20),
        BuildFate("reset-before", .begins(after: 0), weight: 15),
        BuildFate("hang-after", .begins(after: 0), weight: 10),
        BuildFate("hang-before", .begins(after: 0), weight: 8),

        // As most builds are.
        BuildFate("succeeded", .ends("SUCCESS"), weight: 60),
        BuildFate("short", .ends("SUCCESS"), weight: 260),
        BuildFate("short-unstable", .ends("UNSTABLE"), weight: 50),
        BuildFate("short-failure", .ends("FAILURE"), weight: 40),
        BuildFate("short-aborted", .ends("ABORTED"), weight: 40),

        BuildFate("bad-image", .fails(words: "Please check if your image is valid."), weight: 20),
        BuildFate("bad-launcher-image", .fails(words: "Please check if your image is valid."), weight: 8),
        BuildFate("invalid-image", .fails(words: "Please check if your image is valid."), weight: 10),
        BuildFate("crash", .fails(words: "Please reach out to your cluster admin for help."), weight: 15),
        BuildFate("config-error", .fails(words: "Please reach out to your cluster admin for help."), weight: 10),
        BuildFate("failed", .fails(words: "Pod status is: failed"), weight: 10),
        BuildFate("evicted", .fails(words: "Evicted"), weight: 10),
        BuildFate("unknown", .fails(words: "Pod status is: unknown"), weight: 5),
        BuildFate("stuck-pending", .fails(words: "Insufficient cpu"), weight: 10),
        BuildFate("stuck-initializing", .fails(words: "still pending after"), weight: 5),
        BuildFate("refuse-always", .fails(words: "after 5 retries"), weight: 8),
        BuildFate("quota", .fails(words: "exceeded quota"), weight: 6),
        BuildFate("invalid", .fails(words: "The cluster rejected its pod"), weight: 8),
        BuildFate("forbidden", .fails(words: "cannot create resource"), weight: 3),
        BuildFate("no-namespace", .fails(words: "not found"), weight: 2),
    ]
}
