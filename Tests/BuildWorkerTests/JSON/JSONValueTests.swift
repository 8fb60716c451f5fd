import BuildWorker
import Support
import Testing

@Suite struct JSONValueTests {
    @Test(arguments: [
        #"{"job":"start","buildConfig":{"buildId":8609231,"big":123456789012345678901234567890,"share":0.250,"none":null}}"#,
        #"[1,-0,1E+05,1.50,"é日😀",true,false,null,[],{}]"#, #"{"a":1,"a":2,"":3}"#, "\"\u{2028}/\"",
        #""\u0000\u001f\"\\\n\r\t""#, "42",
    ])
    func writesWhatItRead(_ text: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(value.text() == text)
        #expect(try JSONValue(parsing: value.text(indented: true)) == value)
    }

    @Test func indents() {
        let value: JSONValue = ["a": [1, [:]], "b": [], "c": ["d": "e"]]
        #expect(
            value.text(indented: true)
                == "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": [],\n  \"c\": {\n    \"d\": \"e\"\n  }\n}")
    }

    @Test func escapesEveryControlCharacter() throws {
        let text = String(String.UnicodeScalarView((0..<0x20).map { Unicode.Scalar(UInt8($0)) }))
        let written = JSONValue.string(text).serialized()
        #expect(written.allSatisfy { $0 >= 0x20 })
        #expect(try JSONValue(parsing: written).string == text)
    }

    @Test func setsMembersInPlace() {
        var value: JSONValue = ["a": 1, "b": 2]
        value["a"] = 3
        value["c"] = 4
        value["b"] = nil
        #expect(value == ["a": 3, "c": 4])
        var number: JSONValue = 5
        number["a"] = 1
        #expect(number == 5)
    }

    /// JavaScript, which writes and reads these messages too, lets the last one count.
    @Test func readsAndSetsTheLastOfRepeatedMembers() throws {
        var value = try JSONValue(parsing: #"{"a":1,"a":2}"#)
        #expect(value["a"] == 2)
        value["a"] = 3
        #expect(value["a"] == 3)
    }

    @Test func followsPaths() {
        let value: JSONValue = ["a": ["b": ["c": 1]], "d": nil]
        #expect(value[path: "a", "b", "c"] == 1)
        #expect(value[path: "a", "x", "c"] == nil)
        #expect(value[path: "d", "e"] == nil)
    }

    @Test(
        arguments: [
            ("4", 4), ("4.0", 4), ("4e0", 4), ("40e-1", 4), ("-0", 0), ("-7", -7), ("9223372036854775807", Int.max),
            ("4.5", nil),
            ("9223372036854775808", nil), ("1e18", nil), ("1e999", nil), ("9007199254740993", 9_007_199_254_740_993),
            ("\"4\"", nil), ("true", nil),
        ] as [(String, Int?)])
    func readsIntegers(_ text: String, _ number: Int?) throws {
        #expect(try JSONValue(parsing: text).integer == number)
    }

    @Test func readsScalarsAsText() {
        #expect(
            ["a", 1, .number("0.50"), true, nil, [], [:]].map(\JSONValue.scalarText) == [
                "a", "1", "0.50", "true", nil, nil, nil,
            ])
    }
}
