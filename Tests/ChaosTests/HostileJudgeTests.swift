import ChaosModel
import Foundation
import Testing

/// The judge of scripts/hostile finds what is planted, and nothing where nothing is.
@Suite struct HostileJudgeTests {
    private static let secret = "made-up-secret-1a2b"

    /// All went well: two messages of one build have their outcomes, and one nobody can read is parked.
    private static var held: AttackEvidence {
        var evidence = AttackEvidence("messages", memoryLimit: 256 << 20)
        evidence.published = [
            .init(id: 1, body: Data("a".utf8), key: "start 7"), .init(id: 2, body: Data("b".utf8), key: "start 7"),
            .init(id: 3, body: Data("{".utf8), key: nil),
        ]
        evidence.outcomes = ["start 7": 2]
        evidence.remains = [.init(id: 3, body: Data("{".utf8))]
        evidence.shown = ["log": Data("a build was started".utf8)]
        evidence.secrets = [Self.secret]
        evidence.canaries = ["canary": ("precious", "precious")]
        evidence.peak = 80 << 20
        evidence.count = 3
        return evidence
    }

    @Test func nothingIsFoundWhereAllWentWell() {
        #expect(Self.held.findings().isEmpty)
        #expect(Self.held.row == ["messages", "", "3", "held", "80 MiB"])
    }

    @Test(arguments: Finding.Kind.allCases) func eachKindIsFound(_ kind: Finding.Kind) {
        for change in Self.planted[kind] ?? [] {
            var evidence = Self.held
            change(&evidence)
            #expect(evidence.findings().map(\.kind) == [kind])
            #expect(evidence.row[3] == kind.rawValue)
        }
        #expect(Self.planted[kind]?.isEmpty == false)
    }

    private static let planted: [Finding.Kind: [@Sendable (inout AttackEvidence) -> Void]] = [
        .died: [
            { $0.ends = [139] },
            {
                $0.ends = [137]
                $0.designedEnds = [71]
            }, { $0.hasWorkerAtEnd = false },
        ],
        .memory: [{ $0.peak = 256 << 20 }],
        .lost: [
            { $0.outcomes["start 7"] = 1 }, { $0.remains = [] },
            { $0.published.append(.init(id: 4, body: Data("c".utf8), key: "stop 7")) },
            // An outcome of somebody else's says nothing of what nobody can read.
            {
                $0.published.append(.init(id: 4, body: Data("}".utf8), key: nil))
                $0.outcomes["unread "] = 5
            },
        ],
        .secretShown: [{ $0.shown["status"] = Data("x\(Self.secret)y".utf8) }],
        .outsideTouched: [
            { $0.canaries["canary"] = ("precious", "changed") }, { $0.canaries["new"] = (nil, "") },
            { $0.canaries["canary"] = ("precious", nil) },
        ],
        .attack: [{ $0.complaints = ["it answered a stranger"] }],
    ]

    @Test func whatHeadersCannotSayTheBodyDoes() {
        var evidence = Self.held
        evidence.remains = [.init(id: nil, body: Data("{".utf8))]
        #expect(evidence.findings().isEmpty)
    }

    @Test func anEndByDesignIsNone() {
        var evidence = Self.held
        (evidence.ends, evidence.designedEnds) = ([71, 78], [71, 78])
        #expect(evidence.findings().isEmpty && evidence.row[3] == "held, 2 refused to start")
    }
}
