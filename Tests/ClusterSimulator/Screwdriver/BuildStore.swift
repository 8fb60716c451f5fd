/// All builds that anybody has mentioned.
final class BuildStore {
    /// Whether a finished build refuses another status.
    let isStrict: Bool
    private(set) var builds: [String: Build] = [:]

    init(isStrict: Bool) { self.isStrict = isStrict }

    /// The build with this id. The simulated API knows every build; it is queued until told otherwise.
    func build(_ id: String) -> Build {
        if let known = builds[id] { return known }
        let build = Build(id: id)
        builds[id] = build
        return build
    }

    func reset() { builds.removeAll() }
}
