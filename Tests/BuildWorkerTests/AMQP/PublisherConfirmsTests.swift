import Testing

@testable import BuildWorker
@testable import RabbitMQ

@Suite struct PublisherConfirmsTests {
    /// Publishes `count` messages with ids and tickets "1", "2", …
    private func published(_ count: Int) -> PublisherConfirms<String> {
        var confirms = PublisherConfirms<String>()
        for number in 1...count { confirms.published(messageID: "\(number)", "\(number)") }
        return confirms
    }

    private func tickets(_ outcomes: [(String, PublishOutcome)]) -> [String] { outcomes.map(\.0) }

    @Test func numbersBeginAtOne() {
        var confirms = PublisherConfirms<String>()
        #expect(confirms.published(messageID: "a", "a") == 1)
        #expect(confirms.published(messageID: "b", "b") == 2)
    }

    @Test func oneAckConfirmsOne() {
        var confirms = self.published(3)
        #expect(self.tickets(confirms.acknowledged(2, isMultiple: false)) == ["2"])
        #expect(confirms.outstanding == 2)
    }

    @Test func multipleConfirmsAllUpToIt() {
        var confirms = self.published(5)
        _ = confirms.acknowledged(2, isMultiple: false)
        #expect(self.tickets(confirms.acknowledged(4, isMultiple: true)) == ["1", "3", "4"])
        #expect(self.tickets(confirms.acknowledged(0, isMultiple: true)) == ["5"])
        #expect(confirms.outstanding == 0)
    }

    @Test func aReturnBeforeTheAckMakesItUnroutable() {
        var confirms = self.published(2)
        confirms.returned(messageID: "2", reason: "312 NO_ROUTE")
        let outcomes = confirms.acknowledged(2, isMultiple: true)
        #expect(outcomes.map(\.1) == [.confirmed, .returned("312 NO_ROUTE")])
    }

    @Test func aNackRefuses() {
        var confirms = self.published(2)
        #expect(confirms.rejected(1, isMultiple: false).map(\.1) == [.nacked])
        #expect(confirms.rejected(1, isMultiple: false).isEmpty, "an answer counts once")
    }

    @Test func aLateAnswerToAnAbandonedMessageIsIgnored() {
        var confirms = self.published(1)
        #expect(confirms.abandon(1) == "1")
        #expect(confirms.acknowledged(1, isMultiple: false).isEmpty)
    }

    @Test func aLostChannelLeavesAllUnanswered() {
        var confirms = self.published(3)
        _ = confirms.acknowledged(1, isMultiple: false)
        #expect(confirms.channelLost() == ["2", "3"])
        #expect(confirms.published(messageID: "x", "x") == 1, "numbering starts again")
    }

    @Test func anAnswerToNothingIsIgnored() {
        var confirms = PublisherConfirms<String>()
        #expect(confirms.acknowledged(7, isMultiple: true).isEmpty)
        #expect(confirms.acknowledged(7, isMultiple: false).isEmpty)
    }
}
