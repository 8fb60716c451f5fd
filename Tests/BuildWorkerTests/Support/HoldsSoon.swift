/// Whether `condition` comes true within `limit`. For what a test cannot await, such as the closing of a connection; it looks again and again.
func holdsSoon(within limit: Duration = .seconds(20), _ condition: () async throws -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + limit
    var pause = Duration.milliseconds(5)
    while true {
        if try await condition() { return true }
        guard ContinuousClock.now < end else { return false }
        try await Task.sleep(for: pause)
        pause = min(pause * 2, .milliseconds(160))
    }
}
