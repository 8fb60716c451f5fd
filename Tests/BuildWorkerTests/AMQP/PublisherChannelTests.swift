import Testing

@testable import BuildWorker
@testable import RabbitMQ

@Suite struct PublisherChannelTests {
    private let start = ContinuousClock.now

    @Test func aRefusalLeadsToANewChannelWhenAllIsAnswered() {
        var channel = PublisherChannel(openedAt: self.start)
        channel.refused(at: self.start + .seconds(2))
        #expect(channel.state == .draining)
        #expect(!channel.hasOutput(waiting: true, outstanding: 3), "what waits is not sent any more")
        #expect(channel.writable(outstanding: 3) == nil)
        #expect(channel.hasOutput(waiting: false, outstanding: 0), "the close is to be sent, should nothing wait")
        #expect(channel.writable(outstanding: 0) == .close)
        #expect(!channel.hasOutput(waiting: true, outstanding: 0))
        #expect(channel.closed() == .open)
        #expect(channel.opened() == .selectConfirms)
        #expect(channel.confirmsSelected(at: self.start + .seconds(3)) == .begin)
        #expect(channel.state == .open)
        #expect(channel.hasOutput(waiting: true, outstanding: 0))
    }

    @Test func aQueueThatIsFullDoesNotChangeTheChannelAgainAndAgain() {
        var channel = PublisherChannel(openedAt: self.start)
        channel.refused(at: self.start + .milliseconds(999))
        #expect(channel.state == .open)
        channel.refused(at: self.start + PublisherChannel.shortestLife)
        #expect(channel.state == .draining)
    }

    @Test func answersThatWereNotAskedForChangeNothing() {
        var channel = PublisherChannel(openedAt: self.start)
        #expect(channel.writable(outstanding: 0) == nil)
        #expect(channel.closed() == nil)
        #expect(channel.opened() == nil)
        #expect(channel.confirmsSelected(at: self.start) == nil)
        #expect(channel.state == .open)
    }

    /// For want of permission: at once, for nothing that was sent will be answered.
    @Test func aChannelThatTheBrokerClosesIsOpenedAnew() {
        for isDraining in [false, true] {
            var channel = PublisherChannel(openedAt: self.start)
            if isDraining { channel.refused(at: self.start + .seconds(2)) }
            #expect(channel.closedByBroker() == .open)
            #expect(!channel.hasOutput(waiting: true, outstanding: 0))
            #expect(channel.closedByBroker() == nil, "there is nothing that it could refuse")
            #expect(channel.opened() == .selectConfirms)
            #expect(channel.confirmsSelected(at: self.start) == .begin)
        }
    }

    @Test func refusalsOnTheWayOutAreNoNews() {
        var channel = PublisherChannel(openedAt: self.start)
        channel.refused(at: self.start + .seconds(2))
        channel.refused(at: self.start + .seconds(2))
        #expect(channel.writable(outstanding: 0) == .close)
        channel.refused(at: self.start + .seconds(4))
        #expect(channel.state == .closing)
    }
}
