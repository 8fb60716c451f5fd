/// One event. Numbers are indices into the simulation's arrays.
enum Happening {
    /// A controller publishes an entry of the schedule.
    case publish(entry: Int)
    /// The broker hands out what is ready.
    case dispatch(SimulatedQueue)
    /// A message's time in a wait queue or in the init queue is over.
    case expire(message: Int)
    /// A request of a worker reaches the service it is for.
    case effect(handling: Int)
    /// The answer, or the deadline without one, reaches the worker.
    case answer(handling: Int)
    /// A settlement reaches the broker.
    case settle(handling: Int)
    /// A request whose sender gave up has its effect after all.
    case lateEffect(LateEffect)
    /// A pod goes on to its fate's next stage.
    case podStage(pod: Int)
    /// The grace period of a pod that is being deleted is over.
    case podIsGone(pod: Int)
    /// Somebody who is not a worker deletes a build's pods.
    case interference(build: Int)
    /// The controller publishes `stop` of a build that has ended.
    case stopIsPublished(build: Int)
    case workerStarts(worker: Int)
    /// A worker looks whether a service is back.
    case probe(SimulatedService, worker: Int)
    /// A timer that a worker keeps itself fires.
    case keptTimer(Int)
}

/// What a request did after its sender had given up.
enum LateEffect {
    case creation(build: Int, name: Int)
    case deletion(build: Int)
    case failure(build: Int)
}
