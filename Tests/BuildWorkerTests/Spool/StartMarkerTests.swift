import Foundation
import Testing

@testable import BuildWorker
@testable import Spool

@Suite struct StartMarkerTests {
    @Test func whoDiedIsFoundAndWhoDidNotIsNot() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "build-worker-start-\(UUID().uuidString)"
        ).path
        let first = try StartMarker(path, note: "first")
        #expect(first.earlier == nil)
        // It dies here.
        let second = try StartMarker(path, note: "second")
        #expect(second.earlier == "first")
        second.remove()
        second.remove()
        let third = try StartMarker(path, note: "third")
        #expect(third.earlier == nil)
        third.remove()
    }
}
