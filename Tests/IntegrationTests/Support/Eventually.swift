import Testing

struct NotInTime: Error, CustomStringConvertible {
    let description: String
}

/// Waits until `condition` holds, looking again and again: what happens in other processes cannot be awaited. The limit
/// only ends a test that has failed already.
func eventually(
    _ what: String, within limit: Duration = .seconds(30), _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while true {
        if try await condition() { return }
        guard ContinuousClock.now < end else { throw NotInTime(description: "not within \(limit): \(what)") }
        try await Task.sleep(for: .milliseconds(30))
    }
}
