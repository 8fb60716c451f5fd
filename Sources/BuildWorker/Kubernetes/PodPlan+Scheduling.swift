extension PodPlan {
    typealias Selectors = [(name: String, value: String)]

    /// Nodes that are chosen by a selector are usually tainted by the same key, so each selector is tolerated too.
    static func tolerations(_ selectors: Selectors) -> JSONValue? {
        guard !selectors.isEmpty else { return nil }
        return .array(selectors.map { ["key": .string($0.name), "value": .string($0.value), "effect": "NoSchedule", "operator": "Equal"] })
    }

    /// Node selectors that are required, and those that the options prefer, as far as there are any.
    static func nodeAffinity(_ required: Selectors, _ options: KubernetesOptions) -> JSONValue? {
        var affinity: JSONValue = [:]
        if !required.isEmpty {
            let term: JSONValue = ["matchExpressions": Self.expressions(required)]
            affinity["requiredDuringSchedulingIgnoredDuringExecution"] = ["nodeSelectorTerms": [term]]
        }
        if !options.preferredNodeSelectors.isEmpty {
            let preference: JSONValue = ["matchExpressions": Self.expressions(options.preferredNodeSelectors)]
            affinity["preferredDuringSchedulingIgnoredDuringExecution"] = [["weight": 100, "preference": preference]]
        }
        return affinity == [:] ? .none : affinity
    }

    private static func expressions(_ selectors: Selectors) -> JSONValue {
        .array(selectors.map { ["key": .string($0.name), "operator": "In", "values": [.string($0.value)]] })
    }
}
