internal import Clients
internal import RabbitMQ
internal import Workflow

/// Performs each ``Action`` and returns ``Fact``s. Clients report to health and breakers (``RequestWatch``).
struct ActionPerformer: Sendable {
    let configuration: WorkerConfiguration
    let clusters: BuildClusters
    let buildAPI: BuildAPIClient
    let publish: @Sendable (OutgoingMessage) async -> PublishOutcome
    let verifications: LocalVerifications
    let health: Health
    let outages: Outages
    var keepNote: @Sendable (PendingStatusUpdate) -> Void = { _ in }

    func perform(_ action: Action, given facts: Facts, _ context: DeliveryContext) async -> [Fact] {
        let scope = RequestScope(build: { context.build?.buildID }, logger: context.logger)
        return await RequestScope.$current.withValue(scope) { await self.attempt(action, facts, context) }
    }

    private func attempt(_ action: Action, _ facts: Facts, _ context: DeliveryContext) async -> [Fact] {
        switch action {
        case .ask(let question): [.build(await self.ask(question, context))]
        case .createPod: [await self.createPod(context)]
        case .getPod: [await self.getPod(context)]
        case .searchPods: [await self.searchPods(context)]
        case .deletePods: [.deletion(await self.deletePods(context))]
        case .armTimer(let round, nil): [.timer(await self.armTimer(round, facts, context))]
        case .armTimer(let round, let note?): await self.armTimer(round, telling: note, facts, context)
        case .keepTimer(let round): [.timerKept(await self.keepTimer(round, facts, context))]
        case .requestVerification(let isPermanent):
            [.verification(await self.requestVerification(isPermanent, facts, context))]
        case .notifyBuild(let note): [.note(await self.tell(note, facts, context))]
        case .reportFailure(let cause): [.failure(await self.reportFailure(cause, context))]
        case .clearCache: [.clearing(await self.clearCache(context))]
        case .park: [.parking(await self.park(context))]
        case .postpone(let reason): [.postponement(await self.postpone(reason, facts, context))]
        }
    }

    private func armTimer(_ round: Int, telling note: StatusUpdate, _ facts: Facts, _ context: DeliveryContext) async
        -> [Fact]
    {
        async let telling = self.tryToTell(note, facts, context)
        let timer = await self.armTimer(round, facts, context)
        let (outcome, lost) = await telling
        // Without its timer the message comes back, and a fresh note is sent then.
        if timer != .unconfirmed, let lost { self.keepNote(lost) }
        return [.timer(timer), .note(outcome)]
    }
}
