/// The keys that a file may have.
enum KeyTree {
    enum Place {
        case setting(Setting)
        /// Has keys below it.
        case group
        /// Of the worker we succeed; without meaning here.
        case ignored(reason: String)
        case unknown
    }

    static func place(of key: String) -> Place {
        // The name that the original's router reads; its `exclusion` is read by nobody.
        let key = key.hasSuffix(".exclusions") ? String(key.dropLast()) : key
        if let setting = Self.settings[key] { return .setting(setting) }
        if Self.groups.contains(key) { return .group }
        if let reason = IgnoredSettings.reason(key: key) { return .ignored(reason: reason) }
        return .unknown
    }

    private static let settings = Dictionary(uniqueKeysWithValues: Setting.known.map { ($0.key, $0) })

    /// `rabbitmq`, `executor`, `executor.k8s` …
    private static let groups: Set<String> = Set(
        Setting.known.flatMap { setting in
            let parts = setting.key.split(separator: ".")
            return (1..<max(1, parts.count)).map { parts.prefix($0).joined(separator: ".") }
        })

    /// What somebody who wrote `key` may have meant: a neighbour spelt like it, or a key of that name elsewhere.
    static func suggestion(for key: String) -> String? {
        func parent(_ key: String) -> String { key.split(separator: ".").dropLast().joined(separator: ".") }
        let known = Self.groups.union(Self.settings.keys)
        if let near = Spelling.nearest(to: key, in: known.filter { parent($0) == parent(key) }) { return near }
        let name = key.split(separator: ".").last
        // Of those that exist twice, the one of k8s.
        let namesakes = Setting.all.map(\.key).filter { $0.split(separator: ".").last == name }
        return namesakes.min { (Spelling.distance(key, $0), $0) < (Spelling.distance(key, $1), $1) } ?? Spelling.nearest(to: key, in: known)
    }
}
