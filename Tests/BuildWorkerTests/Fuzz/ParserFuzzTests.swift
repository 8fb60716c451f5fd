import Foundation
import Testing

@testable import BuildWorker

/// Nothing traps, whatever comes. Seeded; `scripts/fuzz` lets libFuzzer look for what seeds do not find.
@Suite(.timeLimit(.minutes(5))) struct ParserFuzzTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// Of each parser.
    private static let cases = environment["PARSER_FUZZ_CASES"].flatMap { Int($0) } ?? 10_000
    private static let seed = environment["PARSER_FUZZ_SEED"].flatMap { UInt64($0) } ?? 20_261_128

    private static func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0...Int.random(in: 0...3, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: bytes.indices, using: &random)
            let length = min(Int.random(in: 1...8, using: &random), bytes.count - place)
            switch Int.random(in: 0...6, using: &random) {
            case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
            case 1: bytes.removeSubrange(place..<(place + length))
            case 2:
                bytes.insert(
                    contentsOf: bytes[place..<(place + length)], at: Int.random(in: 0...bytes.count, using: &random))
            case 3: bytes = Array(bytes[..<place])
            case 4: bytes.insert(Array("{}[]\",:\\0-\r\n\u{0}".utf8).randomElement(using: &random) ?? 0, at: place)
            case 5:
                bytes.replaceSubrange(
                    place..<(place + length),
                    with: Array(repeating: [0, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0, count: length))
            default: bytes[place] ^= 1 << UInt8.random(in: 0...7, using: &random)
            }
        }
        return bytes
    }

    @Test(arguments: FuzzedParser.all) func noInputTraps(_ parser: FuzzedParser) {
        for entry in parser.corpus {
            if case .wrong(let words) = parser.check(entry) {
                Issue.record("\(words): \(String(decoding: entry, as: UTF8.self))")
            }
        }
        #expect(parser.corpus.contains { parser.check($0) == .taken }, "the corpus is none")
        var taken = 0
        for number in 0..<Self.cases {
            var random = SeededGenerator(seed: Self.seed &+ UInt64(number))
            switch parser.check(Self.mutated(parser.corpus[number % parser.corpus.count], &random)) {
            case .taken: taken += 1
            case .refused: break
            case .wrong(let words):
                Issue.record("\(words), PARSER_FUZZ_SEED=\(Self.seed &+ UInt64(number)) PARSER_FUZZ_CASES=1")
            }
        }
        #expect(taken > Self.cases / 50, "mutants are not all refused at their first byte: \(taken)")
    }

    // MARK: libFuzzer

    private typealias Target = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
    private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private typealias Driver =
        @convention(c) (UnsafeMutablePointer<CInt>, UnsafeMutablePointer<Arguments?>, Target) -> CInt

    /// What libFuzzer's callback, which can hold nothing, is for.
    private static let chosen = environment["FUZZ_PARSER"].flatMap { name in FuzzedParser.all.first { $0.name == name }
    }

    /// `scripts/fuzz` builds the tests with coverage and libFuzzer in them; libFuzzer ends the process.
    @Test(.enabled(if: environment["FUZZ_PARSER"] != nil), .timeLimit(.minutes(600))) func whatCoverageLeadsTo() throws
    {
        let parser = try #require(Self.chosen, "parsers: \(FuzzedParser.all.map(\.name).joined(separator: ", "))")
        let driver = unsafeBitCast(
            try #require(dlsym(nil, "LLVMFuzzerRunDriver"), "these tests were not built by scripts/fuzz"),
            to: Driver.self)
        let directory = try #require(Self.environment["FUZZ_CORPUS"])
        for (number, entry) in parser.corpus.enumerated() {
            try Data(entry).write(to: URL(fileURLWithPath: "\(directory)/\(number)"))
        }
        let words = [
            "fuzz", "-max_total_time=\(Self.environment["FUZZ_SECONDS"] ?? "60")", "-artifact_prefix=\(directory)/",
            directory,
        ]
        var arguments = words.map { strdup($0) as UnsafeMutablePointer<CChar>? } + [nil]
        arguments.withUnsafeMutableBufferPointer { buffer in
            var (count, start) = (CInt(words.count), buffer.baseAddress)
            _ = driver(&count, &start) { bytes, count in
                if case .wrong(let words)? = ParserFuzzTests.chosen?.check(
                    Array(UnsafeBufferPointer(start: bytes, count: count)))
                {
                    fatalError(words)
                }
                return 0
            }
        }
    }
}
