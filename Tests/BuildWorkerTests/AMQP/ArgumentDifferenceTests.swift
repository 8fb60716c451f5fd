import Testing

@testable import BuildWorker
@testable import RabbitMQ

/// The answers are RabbitMQ 3.10.8's.
@Suite struct ArgumentDifferenceTests {
    static let prefix = "PRECONDITION_FAILED - inequivalent arg"

    @Test(arguments: [
        (
            "'x-message-ttl' for queue 'q' in vhost '/': received '7000' but current is '30000'", "x-message-ttl",
            AMQPValue.int64(30000)
        ),
        (
            "'x-message-ttl' for queue 'q' in vhost '/': received none but current is the value '5000' of type 'signedint'",
            "x-message-ttl", .int64(5000)
        ),
        (
            "'x-dead-letter-exchange' for queue 'q' in vhost '/': received 'foo' but current is ''",
            "x-dead-letter-exchange", ""
        ),
        (
            "'x-dead-letter-exchange' for queue 'q' in vhost '/': received none but current is the value 'd' of type 'longstr'",
            "x-dead-letter-exchange", "d"
        ),
        (
            "'x-delivery-limit' for queue 'q' in vhost '/': received the value '5' of type 'signedint' but current is none",
            "x-delivery-limit", nil
        ),
    ])
    func answersAreUnderstood(answer: String, argument: String, current: AMQPValue?) throws {
        let expected: AMQPTable = argument == "x-message-ttl" ? ["x-message-ttl": .int64(7000)] : [:]
        let difference = try #require(ArgumentDifference(parsing: "\(Self.prefix) \(answer)", expected: expected))
        #expect(difference.argument == argument)
        #expect(difference.current == current)
        #expect(difference.canContinue)
    }

    @Test func aTimeToLiveOnAWorkQueueIsADanger() throws {
        let answer =
            "\(Self.prefix) 'x-message-ttl' for queue 'q' in vhost '/': received none but current is the value '5' of type 'signedint'"
        let difference = try #require(ArgumentDifference(parsing: answer, expected: [:]))
        #expect(difference.severity == .problem)
        #expect(difference.text.contains("dropped by the broker"))
    }

    @Test(arguments: [
        ("x-max-length", "gives up the oldest"), ("x-max-length-bytes", "gives up the oldest"),
        ("x-expires", "deletes itself"),
    ])
    func whatLosesMessagesIsADanger(argument: String, words: String) throws {
        let answer =
            "\(Self.prefix) '\(argument)' for queue 'q' in vhost '/': received none but current is the value '5' of type 'signedint'"
        let difference = try #require(ArgumentDifference(parsing: answer, expected: [:]))
        #expect(difference.severity == .problem)
        #expect(difference.text.contains(words))
    }

    @Test func aClassicQueueIsAWarningThatSaysWhatItCosts() throws {
        let answer =
            "\(Self.prefix) 'x-queue-type' for queue 'q' in vhost '/': received the value 'quorum' of type 'longstr' but current is none"
        let difference = try #require(ArgumentDifference(parsing: answer, expected: ["x-queue-type": "quorum"]))
        #expect(difference.severity == .warning && difference.canContinue && difference.current == nil)
        #expect(difference.text.hasPrefix("x-queue-type is not set, should be 'quorum': a classic queue"))
    }

    @Test func anotherTimeIsOnlyAWarning() throws {
        let answer = "\(Self.prefix) 'x-message-ttl' for queue 'q' in vhost '/': received '7000' but current is '30000'"
        let difference = try #require(ArgumentDifference(parsing: answer, expected: ["x-message-ttl": .int64(7000)]))
        #expect(difference.severity == .warning)
        #expect(difference.text == "x-message-ttl is '30000', should be '7000'")
    }

    @Test func anotherAnswerIsShownAsItIs() {
        #expect(ArgumentDifference(parsing: "PRECONDITION_FAILED - what", expected: [:]) == nil)
    }
}
