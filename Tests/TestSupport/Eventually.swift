/// Something did not come about, or not in time.
package struct NotInTime: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) { self.description = description }
}

/// Waits until `condition` holds, looking again and again, less often after a while: what happens in other processes cannot be awaited,
/// and looking takes the processor from them. The limit only ends a test that has failed already.
package func eventually(
    _ what: String, within limit: Duration = .seconds(120), _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    var pause = Duration.milliseconds(10)
    while true {
        if try await condition() { return }
        guard ContinuousClock.now < end else { throw NotInTime(description: "not within \(limit): \(what)") }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(160))
    }
}
