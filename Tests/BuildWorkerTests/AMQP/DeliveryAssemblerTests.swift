import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Support

@Suite struct DeliveryAssemblerTests {
    @Test func bodiesAreJoinedUntilTheSizeIsReached() throws {
        var assembler = DeliveryAssembler()
        assembler.begin(.delivery(number: 1, isRedelivered: false))
        #expect(try assembler.header(bodySize: 5, MessageProperties()) == nil)
        #expect(try assembler.body([1, 2]) == nil)
        #expect(try assembler.body([3, 4, 5])?.body == [1, 2, 3, 4, 5])
    }

    @Test func anEmptyBodyIsWholeWithItsHeader() throws {
        var assembler = DeliveryAssembler()
        assembler.begin(.delivery(number: 1, isRedelivered: false))
        #expect(try assembler.header(bodySize: 0, MessageProperties())?.body == [])
    }

    @Test func framesOutOfOrderAreIgnored() throws {
        var assembler = DeliveryAssembler()
        #expect(try assembler.header(bodySize: 1, MessageProperties()) == nil)
        #expect(try assembler.body([1]) == nil)
    }

    @Test func aClaimedSizeAllocatesNothing() throws {
        var assembler = DeliveryAssembler()
        assembler.begin(.delivery(number: 1, isRedelivered: false))
        #expect(try assembler.header(bodySize: UInt64(DeliveryAssembler.largestBody), MessageProperties()) == nil)
        #expect(try assembler.body([1]) == nil)
    }

    @Test(arguments: [DeliveryAssembler.Keeping.hash, .nothing])
    func whatIsNotKeptIsCounted(keeping: DeliveryAssembler.Keeping) throws {
        var assembler = DeliveryAssembler()
        assembler.begin(.delivery(number: 1, isRedelivered: false))
        #expect(try assembler.header(bodySize: 5, MessageProperties(), keeping: keeping) == nil)
        #expect(try assembler.body([1, 2]) == nil)
        let whole = try #require(try assembler.body([3, 4, 5]))
        #expect(whole.body == [])
        #expect(whole.omitted?.size == 5)
        #expect((whole.omitted?.hash == Fingerprint.of([1, 2, 3, 4, 5])) == (keeping == .hash))
    }

    /// The size announced, the frames that come, and what is wrong with them.
    @Test(
        arguments: [
            (UInt64.max, [], "announces a message of"),
            (UInt64(DeliveryAssembler.largestBody + 1), [], "announces a message of"),
            (3, [[1, 2, 3, 4]], "larger than announced"), (3, [[1], [2, 3, 4]], "larger than announced"),
            (3, [[]], "empty"), (3, [[1], []], "empty"),
        ] as [(UInt64, [[UInt8]], String)])
    func whatNoBrokerSendsEndsTheConnection(size: UInt64, frames: [[UInt8]], words: String) {
        var assembler = DeliveryAssembler()
        assembler.begin(.delivery(number: 1, isRedelivered: false))
        let error = #expect(throws: AMQPError.self) {
            _ = try assembler.header(bodySize: size, MessageProperties())
            for frame in frames { _ = try assembler.body(frame) }
        }
        #expect(error?.detail.contains(words) == true, "\(error?.description ?? "")")
        #expect(error?.isRetriable == true)
    }
}
