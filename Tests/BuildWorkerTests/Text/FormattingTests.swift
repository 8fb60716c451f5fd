import Testing

@testable import BuildWorker
@testable import Support

@Suite struct FormattingTests {
    @Test(
        arguments: [
            (0.25, "0.25"), (1, "1"), (1.5, "1.5"), (12, "12"), (0, "0"), (-0.0, "0"), (-1, "-1"), (1e9, "1000000000"),
            (1e15, "1000000000000000"),
            (0.1 + 0.2, "0.30000000000000004"), (9_007_199_254_740_991, "9007199254740991"), (1e300, "1e+300"),
            (.infinity, "inf"),
        ] as [(Double, String)])
    func numbersAreAsShortAsTheyCanBe(number: Double, text: String) { #expect(number.plainText == text) }

    @Test(
        arguments: [
            (.zero, "0 seconds"), (.milliseconds(1), "1 second"), (.seconds(59), "59 seconds"),
            (.seconds(60), "1 minute"), (.seconds(61), "61 seconds"),
            (.seconds(1800), "30 minutes"),
        ] as [(Duration, String)])
    func durationsAreInWords(duration: Duration, text: String) { #expect(duration.formatted == text) }

    @Test(
        arguments: [(0, "0000000000000000"), (0x1f, "000000000000001f"), (.max, "ffffffffffffffff")]
            as [(UInt64, String)])
    func hexadecimalNumbersHaveTheirLength(number: UInt64, text: String) {
        #expect(number.hexadecimal(digits: 16) == text)
    }

    @Test(arguments: [("aZ09-._~", "aZ09-._~"), ("a b/c?d#ü", "a%20b%2Fc%3Fd%23%C3%BC"), ("", "")])
    func partsOfAddressesAreEncoded(text: String, encoded: String) { #expect(text.percentEncoded == encoded) }
}
