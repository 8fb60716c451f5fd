@testable import BuildWorker
@testable import Support
@testable import Workflow

/// One delivery in a worker's hands, and the evidence that its promises are judged by.
struct Handling {
    let worker: Int
    /// Of the worker, when it was delivered.
    let connection: Int
    let tag: Int
    let message: Int
    let queue: SimulatedQueue
    let build: Int?
    let command: BuildCommand
    /// As the worker knows them.
    var facts = Facts()
    /// It was not settled: the broker had the message back before.
    var isTakenBack = false
    /// It went behind all others.
    var isSetAside = false
    /// What is being done.
    var action: Action?
    /// What the action taught; the worker does not know yet.
    var learned: [Fact]?
    /// The worker that had it was killed.
    var isLost = false
    /// What it was ended with; the broker may not know yet.
    var settlement: Settlement?
    /// The pod name it uses; 0 is the right one.
    var podName = 0

    // Evidence.

    /// When it began, in milliseconds.
    var begunAt = 0
    /// The build API knew that the build had ended when it began.
    var beganEnded = false
    /// Faults that hit its requests, and states of the cluster that are no fault of the build.
    var faults = 0
    /// The service that was away for everybody when the last request reached it.
    var foundAway: SimulatedService?
    var lastLookFailed = false
    /// Its request made a pod, and the answer was lost.
    var madeUnknowingly = false
    var callsToAPIThatFailed = 0
}
