import Testing

@testable import BuildWorker

@Suite struct DeliveryAssemblerTests {
    @Test func bodiesAreJoinedUntilTheSizeIsReached() {
        var assembler = DeliveryAssembler()
        assembler.begin(.delivery(number: 1, isRedelivered: false))
        #expect(assembler.header(bodySize: 5, MessageProperties()) == nil)
        #expect(assembler.body([1, 2]) == nil)
        #expect(assembler.body([3, 4, 5])?.body == [1, 2, 3, 4, 5])
    }

    @Test func anEmptyBodyIsWholeWithItsHeader() {
        var assembler = DeliveryAssembler()
        assembler.begin(.delivery(number: 1, isRedelivered: false))
        #expect(assembler.header(bodySize: 0, MessageProperties())?.body == [])
    }

    @Test func framesOutOfOrderAreIgnored() {
        var assembler = DeliveryAssembler()
        #expect(assembler.header(bodySize: 1, MessageProperties()) == nil)
        #expect(assembler.body([1]) == nil)
    }

    @Test func aClaimedSizeAllocatesNothing() {
        var assembler = DeliveryAssembler()
        assembler.begin(.delivery(number: 1, isRedelivered: false))
        #expect(assembler.header(bodySize: .max, MessageProperties()) == nil)
        #expect(assembler.body([1]) == nil)
    }
}
