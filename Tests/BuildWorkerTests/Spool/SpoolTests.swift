import Foundation
import Testing

@testable import BuildWorker
@testable import RabbitMQ
@testable import Spool
@testable import Workflow

@Suite final class SpoolTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("spool-\(UUID().uuidString)")
        .path
    private let keys = (1...50).map { MessageKey(queue: "builds", body: [UInt8($0)]) }

    deinit { try? FileManager.default.removeItem(atPath: self.directory) }

    private var ledger: String { "\(self.directory)/inflight" }

    @Test func onlyTheWorkersUserReadsIt() throws {
        let spool = try SpoolDirectory("\(self.directory)/deep/down")
        let mode = try FileManager.default.attributesOfItem(atPath: spool.path)[.posixPermissions] as? Int
        #expect(mode == 0o700)
    }

    @Test func oneWorkerHasIt() throws {
        let first = try SpoolDirectory(self.directory)
        let error = #expect(throws: SpoolError.self) { try SpoolDirectory(self.directory) }
        #expect(error?.description.contains("give each its own SPOOL_DIRECTORY") == true)
        withExtendedLifetime(first) {}
    }

    @Test func aPathThatCannotBeIsSaidSo() throws {
        try Data().write(to: URL(fileURLWithPath: self.directory))
        let error = #expect(throws: SpoolError.self) { try SpoolDirectory("\(self.directory)/spool") }
        #expect(error?.description.contains("Not a directory") == true)
    }

    @Test func theLedgerShowsWhatWasInFlight() throws {
        _ = try SpoolDirectory(self.directory)
        #expect(try InFlightLedger.survivors(self.ledger) == nil, "no ledger yet")
        let ledger = try InFlightLedger(self.ledger, capacity: 4)
        let places = self.keys.compactMap { ledger.enter($0, .amongOthers) }
        #expect(places.count == 50, "it grows")
        for place in places.dropLast(2) { ledger.leave(place) }
        ledger.update(places[49], self.keys[49], .reading)
        let survivors = try InFlightLedger.survivors(self.ledger)
        #expect(
            Set(survivors ?? []) == [
                .init(key: self.keys[48], step: .amongOthers), .init(key: self.keys[49], step: .reading),
            ])
        for place in places.suffix(2) { ledger.leave(place) }
        #expect(try InFlightLedger.survivors(self.ledger) == [])
        for key in self.keys { _ = ledger.enter(key, .waiting) }
        let size = try FileManager.default.attributesOfItem(atPath: self.ledger)[.size] as? Int
        #expect(size == 50 * InFlightLedger.lineLength, "places are used again")
    }

    @Test func halfALineIsNone() {
        let line = Array("b \(self.keys[0])".utf8)
        #expect(InFlightLedger.entries(line).isEmpty)
        #expect(InFlightLedger.entries([UInt8](repeating: 0, count: 640)).isEmpty)
        #expect(InFlightLedger.entries(Array(String(repeating: "x", count: 640).utf8)).isEmpty)
    }

    @Test func theSameMessageHasTheSameKeyInItsQueueOnly() {
        #expect(MessageKey(queue: "a", body: [1]) == MessageKey(queue: "a", body: [1]))
        #expect(MessageKey(queue: "a", body: [1]) != MessageKey(queue: "b", body: [1]))
        #expect(MessageKey(queue: "a", body: [1]) != MessageKey(queue: "a", body: [1, 0]))
    }

    @Test func timersAreFoundAgain() throws {
        let journal = try TimerJournal("\(self.directory)/timers")
        let body = Array(#"{"job":"verify","text":"ü \" \n"}"#.utf8)
        let timers = (1...3).map {
            TimerJournal.Entry(
                dueAt: 1_800_000_000_000 + $0,
                headers: ["x-init-round": .int64(Int64($0)), "x-image-pull-start-time": "2026-11-21T08:00:00.000Z"],
                body: body)
        }
        let names = try timers.map { try journal.write($0) }
        try Data("rubbish".utf8).write(to: URL(fileURLWithPath: "\(self.directory)/timers/4-rubbish.json"))
        try Data("half".utf8).write(to: URL(fileURLWithPath: "\(self.directory)/timers/5.json.tmp"))
        let found = try TimerJournal("\(self.directory)/timers").entries()
        #expect(found.compactMap { try? $0.entry.get() } == timers)
        #expect(
            found.filter { if case .failure = $0.entry { true } else { false } }.map(\.name) == ["4-rubbish.json"],
            "what cannot be read is told, not deleted")
        for name in names { try journal.remove(name) }
        try journal.remove(names[0])
        #expect(try journal.entries().count == 1)
        let name = try journal.write(timers[0])
        let mode =
            try FileManager.default.attributesOfItem(atPath: "\(self.directory)/timers/\(name)")[.posixPermissions]
            as? Int
        #expect(mode == 0o600, "it holds a token")
    }

    /// Entries end where their names do, the last of a reading perhaps where the memory does.
    @Test func namesOfEveryLengthAreRead() throws {
        try SpoolDirectory.make(self.directory)
        let names = (1...255).flatMap { length in
            ["a", "b", "c"].map { $0 + String(repeating: "x", count: length - 1) }
        }
        for name in names { try SpoolFile.append(line: [], to: "\(self.directory)/\(name)") }
        for _ in 1...50 { #expect(try SpoolFile.names(in: self.directory) == names.sorted()) }
    }
}
