import Testing

@testable import BuildWorker
@testable import RabbitMQ

@Suite struct BodyBudgetTests {
    private static func tag(_ number: UInt64, generation: UInt64 = 1) -> DeliveryTag {
        DeliveryTag(generation: generation, channel: 1, number: number)
    }

    /// The sizes in flight, of a budget for messages of 100 bytes, the size that comes, and what becomes of it.
    @Test(
        arguments: [
            ([], 0, .keep), ([], 100, .keep), ([100, 100, 100], 100, .keep), ([100, 100, 100, 1], 100, .wait),
            ([100, 100, 100, 100], 0, .keep),
            ([], 101, .keep), ([100, 100, 100, 100], 101, .keep), ([101], 101, .wait), ([101], 100, .keep),
            ([], UInt64(BodyBudget.largestParked), .keep), ([], UInt64(BodyBudget.largestParked) + 1, .omit),
            ([101], .max, .omit),
        ] as [([Int], UInt64, BodyBudget.Verdict)])
    func whatIsKept(inFlight: [Int], size: UInt64, verdict: BodyBudget.Verdict) {
        var budget = BodyBudget(largestMessage: 100)
        for (number, size) in inFlight.enumerated() { budget.keep(Self.tag(UInt64(number)), size: size) }
        #expect(budget.verdict(size: size) == verdict)
    }

    @Test func whatWaitsIsGivenBackAsRoomAllows() {
        var budget = BodyBudget(largestMessage: 100)
        for number in 1...4 as ClosedRange<UInt64> { budget.keep(Self.tag(number), size: 100) }
        budget.keep(Self.tag(5), size: 500)
        for number in 6...8 as ClosedRange<UInt64> { budget.wait(Self.tag(number), size: 60) }
        for number in 9...10 as ClosedRange<UInt64> { budget.wait(Self.tag(number), size: 500) }
        #expect(budget.fitting() == [])
        budget.settled(Self.tag(1))
        #expect(budget.fitting() == [Self.tag(6)])
        #expect(budget.verdict(size: 60) == .keep, "it has come again")
        budget.keep(Self.tag(11), size: 60)
        budget.settled(Self.tag(5))
        #expect(budget.fitting() == [Self.tag(9)], "the first large one, and of the others none")
        #expect(budget.fitting() == [], "it is awaited")
        #expect(budget.fitting(isOverdue: true) == [Self.tag(10)], "another worker has it")
        budget.lost(generation: 1)
        #expect(!budget.hasWaiting)
        #expect(budget.verdict(size: 500) == .keep)
    }

    @Test func toolsSeeEverything() {
        var budget = BodyBudget.unlimited
        #expect(budget.verdict(size: UInt64(DeliveryAssembler.largestBody)) == .keep)
    }
}
