import Testing

@testable import BuildWorker
@testable import RabbitMQ

@Suite struct ConsumerChannelTests {
    private func channel(in state: ConsumerChannel.State) -> ConsumerChannel {
        var channel = ConsumerChannel(number: 1, queue: "builds")
        let steps: [(ConsumerChannel.State, (inout ConsumerChannel) -> Void)] = [
            (.opening, { _ = $0.connected(generation: 1) }), (.limiting, { _ = $0.opened() }),
            (.starting, { _ = $0.prefetchSet() }),
            (.consuming, { _ = $0.started() }),
        ]
        for (reached, step) in steps where channel.state != state {
            step(&channel)
            if reached == state { return channel }
        }
        switch state {
        case .stopping: _ = channel.want(false)
        case .idle: (_, _) = (channel.want(false), channel.stopped())
        case .lost: _ = channel.cancelledByBroker()
        case .closed: channel.disconnected()
        case .opening, .limiting, .starting, .consuming: break
        }
        return channel
    }

    @Test func aConnectionLeadsToConsuming() {
        var channel = ConsumerChannel(number: 1, queue: "builds")
        #expect(channel.connected(generation: 1) == .open)
        #expect(channel.opened() == .setPrefetch)
        #expect(channel.prefetchSet() == .consume)
        #expect(channel.started() == nil)
        #expect(channel.state == .consuming)
    }

    @Test func aQueueThatIsNotThereClosesTheChannelAndIsTriedAgain() {
        var channel = self.channel(in: .starting)
        #expect(channel.closedByBroker() == .confirmCloseAndPause)
        #expect(channel.pauseIsOver(generation: 2) == .open)
        #expect(channel.generation == 2)
    }

    @Test func aDeletedQueueCancelsTheConsumerAndIsTriedAgain() {
        var channel = self.channel(in: .consuming)
        #expect(channel.cancelledByBroker() == .pause)
        #expect(channel.pauseIsOver(generation: 9) == .consume)
        #expect(channel.generation == 1, "the channel stayed open, so what is in flight can be settled")
    }

    @Test func pausingCancelsAndResumingConsumesAgain() {
        var channel = self.channel(in: .consuming)
        #expect(channel.want(false) == .cancel)
        #expect(channel.want(true) == nil, "the broker has not confirmed the cancel yet")
        #expect(channel.stopped() == .consume)
    }

    @Test func pausingWhileTheConsumerStartsCancelsItThen() {
        var channel = self.channel(in: .starting)
        #expect(channel.want(false) == nil)
        #expect(channel.started() == .cancel)
        #expect(channel.stopped() == nil)
        #expect(channel.state == .idle)
        #expect(channel.want(true) == .consume)
    }

    /// A prefetch holds for consumers that begin after it was set.
    @Test(arguments: [ConsumerChannel.State.limiting, .starting, .consuming, .stopping, .idle])
    func anotherPrefetchIsSetBeforeAnythingIsConsumed(in state: ConsumerChannel.State) {
        var channel = self.channel(in: state)
        var action = channel.limitAnew()
        var limits = 0
        for _ in 0..<8 where channel.state != .consuming || action != nil {
            switch (channel.state, action) {
            case (.limiting, .setPrefetch): (limits, action) = (limits + 1, channel.prefetchSet())
            case (.limiting, _): action = channel.prefetchSet()
            case (.starting, _): action = channel.started()
            case (.stopping, _): action = channel.stopped()
            default: action = channel.want(true)
            }
        }
        #expect(channel.state == .consuming && limits == 1)
    }

    @Test func aPausedChannelWithAnotherPrefetchStaysPaused() {
        var channel = self.channel(in: .consuming)
        #expect(channel.limitAnew() == .cancel)
        #expect(channel.want(false) == nil)
        #expect(channel.stopped() == .setPrefetch)
        #expect(channel.prefetchSet() == nil)
        #expect(channel.state == .idle)
        #expect(channel.want(true) == .consume)
    }

    @Test func tagsOfAnEarlierChannelAreStale() {
        var channel = self.channel(in: .consuming)
        let tag = DeliveryTag(generation: 1, channel: 1, number: 7)
        #expect(channel.accepts(tag))
        channel.disconnected()
        #expect(!channel.accepts(tag))
        _ = channel.connected(generation: 2)
        _ = channel.opened()
        #expect(!channel.accepts(tag))
    }

    @Test(arguments: [ConsumerChannel.State.consuming, .stopping, .idle, .lost])
    func whatIsInFlightCanBeSettled(in state: ConsumerChannel.State) {
        #expect(self.channel(in: state).accepts(DeliveryTag(generation: 1, channel: 1, number: 1)))
    }

    @Test(arguments: [
        ConsumerChannel.State.closed, .opening, .limiting, .starting, .consuming, .stopping, .idle, .lost,
    ])
    func everyStateSurvivesEveryAnswer(state: ConsumerChannel.State) {
        let events: [(inout ConsumerChannel) -> Void] = [
            { _ = $0.opened() }, { _ = $0.prefetchSet() }, { _ = $0.started() }, { _ = $0.stopped() },
            { _ = $0.cancelledByBroker() },
            { _ = $0.closedByBroker() }, { _ = $0.pauseIsOver(generation: 5) }, { _ = $0.want(false) },
            { _ = $0.want(true) },
            { $0.disconnected() }, { _ = $0.limitAnew() },
        ]
        for first in events {
            for second in events {
                var channel = self.channel(in: state)
                first(&channel)
                second(&channel)
                // From wherever that led, a new connection consumes again.
                _ = channel.want(true)
                #expect(channel.connected(generation: 9) == .open)
                #expect(channel.opened() == .setPrefetch)
                #expect(channel.prefetchSet() == .consume)
            }
        }
    }
}
