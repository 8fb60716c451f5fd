/// The rules in force. The oldest one that hits a request decides.
final class FaultTable {
    private var rules: [FaultRule] = []
    private var last = 0

    /// - Returns: the number of the rule.
    func add(_ specification: FaultSpecification) -> Int {
        last += 1
        rules.append(FaultRule(id: last, specification: specification))
        return last
    }

    /// - Returns: whether there was such a rule.
    func remove(_ id: Int) -> Bool {
        guard let index = rules.firstIndex(where: { $0.id == id }) else { return false }
        rules.remove(at: index).release()
        return true
    }

    func removeAll() {
        let removed = rules
        rules = []
        for rule in removed { rule.release() }
    }

    func match(listener: ListenerName, method: String, uri: String, build: String?) -> FaultRule? {
        rules.first { $0.hits(listener: listener, method: method, uri: uri, build: build) }
    }
}
