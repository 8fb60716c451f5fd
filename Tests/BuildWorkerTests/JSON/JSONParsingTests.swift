import BuildWorker
import Support
import Testing

@Suite struct JSONParsingTests {
    @Test(
        arguments: [
            ("null", .null), (" \t\r\n true \n", true), ("false", false), ("\"\"", ""), ("0", 0), ("-0", .number("-0")),
            ("12", 12),
            ("1.50", .number("1.50")), ("1e5", .number("1e5")), ("1E+05", .number("1E+05")),
            ("-1.0e-7", .number("-1.0e-7")),
            ("123456789012345678901234567890", .number("123456789012345678901234567890")), ("1e999", .number("1e999")),
            ("[]", []),
            ("[ ]", []), ("{}", [:]), ("{ }", [:]), ("[1 , [2],{}]", [1, [2], [:]]),
            ("{\"a\" : {\"b\":[null]} }", ["a": ["b": [nil]]]),
            ("{\"\":1}", ["": 1]), ("{\"a\":1,\"a\":2}", .object([.init("a", 1), .init("a", 2)])),
            ("{\"b\":1,\"a\":2}", .object([.init("b", 1), .init("a", 2)])),
            ("\"\u{7F}\u{2028}é日😀\"", "\u{7F}\u{2028}é日😀"),
            (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{08}\u{0C}\n\r\t"),
            (#""\u0041\u00e9\u65E5\uD83D\ude00\u0000""#, "Aé日😀\u{0}"),
            (#""a\u00e9b\n""#, "aéb\n"),
        ] as [(String, JSONValue)])
    func accepts(_ text: String, _ value: JSONValue) throws {
        #expect(try JSONValue(parsing: text) == value)
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "undefined", "NaN", "Infinity", "-", "+1", "01", "-01", ".5", "1.", "1.e2",
        "1e", "1e+", "0x10",
        "1_000", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1",
        "{\"a\":1,", "{\"a\":1,}",
        "{,}", "{a:1}", "{'a':1}", "{1:1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\":}", "\"", "\"a", "'a'", "\"\n\"",
        "\"\t\"", "\"\u{0}\"",
        "\"a\\", #""\x41""#, #""\u12""#, #""\u12G4""#, #""\U0041""#, #""\uD83D\u12""#, "{}{}", "[] []", "1 2", "null,",
        "// no\n1",
        "\u{FEFF}{}", "\u{A0}1", "1\u{0}",
    ])
    func refuses(_ text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22],
            [0x22, 0x5C, 0x6E, 0x80, 0x22], [0x22, 0x80, 0x5C, 0x6E, 0x22], [0xFF], [0x80], [0x5B, 0xC3, 0xA9, 0x5D],
            [0xFE, 0xFF, 0x00, 0x31],
        ] as [[UInt8]])
    func refusesWhatIsNotUTF8(_ bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    }

    /// A half of a surrogate pair has no UTF-8; it becomes U+FFFD and swallows nothing that follows.
    @Test(arguments: [
        (#""\uD83D""#, "\u{FFFD}"), (#""\uDE00""#, "\u{FFFD}"), (#""\uD83Dx""#, "\u{FFFD}x"),
        (#""\uD83D\n""#, "\u{FFFD}\n"),
        (#""\uD83D\u0041""#, "\u{FFFD}A"), (#""\uD83D\uD83D\uDE00""#, "\u{FFFD}😀"),
        (#""\uDE00\uD83D""#, "\u{FFFD}\u{FFFD}"),
        (#""\uD800\uDC00\uDBFF\uDFFF""#, "\u{10000}\u{10FFFF}"),
    ])
    func replacesLoneSurrogates(_ text: String, _ value: String) throws {
        #expect(try JSONValue(parsing: text).string == value)
    }

    @Test(arguments: [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")], ["", "1", "[1]", "{}"])
    func nestsToTheMaximumAndNoDeeper(_ brackets: (open: String, close: String), _ core: String) {
        let perUnit = brackets.close.count
        let inside = core.count(where: { $0 == "[" || $0 == "{" })
        // Only an array may be empty where the unit opens.
        let core = core.isEmpty && brackets.open.hasSuffix(":") ? "1" : core
        func nested(_ levels: Int) -> String {
            let units = (levels - inside) / perUnit
            let rest = (levels - inside) % perUnit
            return String(repeating: "[", count: rest) + String(repeating: brackets.open, count: units) + core
                + String(repeating: brackets.close, count: units) + String(repeating: "]", count: rest)
        }
        #expect(throws: Never.self) { try JSONValue(parsing: nested(JSONValue.maximumDepth)) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: nested(JSONValue.maximumDepth + 1)) }
    }

    @Test func survivesAbsurdNesting() {
        for text in [String(repeating: "[", count: 1_000_000), String(repeating: "{\"a\":", count: 200_000)] {
            #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        }
    }

    @Test func tellsWhereButNotWhat() throws {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: #"{"token":"s3cret" oops}"#) }
        #expect(error?.offset == 18)
        #expect(error?.description == "not valid JSON at byte 18: ',' or '}' should stand here")
    }

    @Test func readsFromAnyCollection() throws {
        #expect(try JSONValue(parsing: Array("{\"a\":1}".utf8)[...]) == ["a": 1])
        #expect(try JSONValue(parsing: "[1]".utf8.lazy.map { $0 }) == [1])
    }
}
