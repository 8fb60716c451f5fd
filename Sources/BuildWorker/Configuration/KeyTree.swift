/// The values a file gives to known keys, and the keys in it that nobody knows.
struct KeyTree {
    var values: [String: JSONValue] = [:]
    var problems: [ConfigurationProblem] = []

    private let origin: String
    private let keys: Set<String>
    /// The keys and every path above one.
    private let paths: Set<String>

    init(_ members: [JSONValue.Member], origin: String, keys: [String]) {
        self.origin = origin
        self.keys = Set(keys)
        self.paths = keys.reduce(into: []) { paths, key in
            var path = key[...]
            paths.insert(key)
            while let dot = path.lastIndex(of: ".") {
                path = path[..<dot]
                paths.insert(String(path))
            }
        }
        self.collect(members, below: "")
    }

    private mutating func collect(_ members: [JSONValue.Member], below prefix: String) {
        for member in members {
            let path = prefix + member.name
            if self.keys.contains(path) {
                self.values[path] = member.value
            } else if !self.paths.contains(path) {
                self.add(path, nil, "no such key\(self.suggestion(for: path))")
            } else if let members = member.value.members {
                self.collect(members, below: path + ".")
            } else if !member.value.isNull {
                self.add(path, nil, "a mapping of further keys would be right")
            }
        }
    }

    private mutating func add(_ key: String, _ value: String?, _ expectation: String) {
        self.problems.append(ConfigurationProblem(key: key, origin: self.origin, value: value, expectation: expectation))
    }

    private func suggestion(for path: String) -> String {
        guard let nearest = Spelling.nearest(to: path, among: self.paths.sorted()) else { return "" }
        return "; did you mean \(nearest)?"
    }
}

/// Finds what somebody meant.
enum Spelling {
    /// The nearest candidate; where none is spelt alike, one with the same last name or one that goes on longer.
    static func nearest(to text: String, among candidates: [String]) -> String? {
        let ranked = candidates.map { (candidate: $0, distance: self.distance(text, $0)) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        if best.distance <= max(2, text.count / 4) { return best.candidate }
        let name = text.split(separator: ".").last
        return candidates.first { $0.split(separator: ".").last == name } ?? candidates.first { $0.hasPrefix(text) }
    }

    /// Levenshtein's: insertions, deletions and replacements that make one text the other. Case does not count.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.lowercased()), Array(right.lowercased()))
        var row = Array(0...right.count)
        for (i, character) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let replaced = diagonal + (character == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
            }
        }
        return row[right.count]
    }
}
