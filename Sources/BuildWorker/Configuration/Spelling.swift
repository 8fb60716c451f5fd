/// How far two words are apart.
enum Spelling {
    /// Letters to put in, take out or change, or neighbours to swap, until one is the other.
    static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.lowercased().utf8), Array(right.lowercased().utf8))
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var cost = min(last[j] + (left[i] == right[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { cost = min(cost, beforeLast[j - 1] + 1) }
                row.append(cost)
            }
            (beforeLast, last) = (last, row)
        }
        return last[right.count]
    }

    /// The candidate that is so near that it was probably meant.
    static func nearest(to word: String, in candidates: some Sequence<String>, within limit: Int = 3) -> String? {
        candidates.filter { abs($0.utf8.count - word.utf8.count) <= limit }.map { (Self.distance(word, $0), $0) }
            .filter { $0.0 <= limit && $0.0 * 2 < word.utf8.count }.min(by: <)?.1
    }
}
