/// All builds that anybody has mentioned.
final class BuildStore {
    /// A build that ended: the API has everybody told to stop it, whoever ended it.
    struct Stop {
        /// Counts from 1.
        var number: Int
        var build: String
        var at: Timestamp
    }

    private(set) var builds: [String: Build] = [:]
    private(set) var stops: [Stop] = []
    private var unknown: Set<String> = []

    /// The build with this id. The simulated API knows every build but those that were forgotten; it is queued until told otherwise.
    func build(_ id: String) -> Build? {
        if let known = builds[id] { return known }
        guard !unknown.contains(id) else { return nil }
        let build = Build(id: id)
        builds[id] = build
        return build
    }

    /// Puts a build where it is said to be, whatever there was.
    func set(_ build: Build) {
        unknown.remove(build.id)
        builds[build.id] = build
    }

    /// From now on the API knows no such build.
    func forget(_ id: String) {
        builds[id] = nil
        unknown.insert(id)
    }

    /// Changes a build by the API's rules. What finds it ended has it stopped, also if it was before.
    func update(_ build: Build, _ update: BuildUpdate, by author: Build.Author) throws(Build.Refusal) {
        let now = Timestamp.now()
        try build.apply(update, by: author, now: now)
        if build.hasEnded { stops.append(Stop(number: stops.count + 1, build: build.id, at: now)) }
    }

    func reset() {
        builds.removeAll()
        stops.removeAll()
        unknown.removeAll()
    }
}
