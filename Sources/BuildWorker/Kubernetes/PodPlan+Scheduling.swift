extension PodPlan {
    /// Nodes that are chosen by a selector are usually tainted by the same key, so each selector is tolerated too.
    var tolerations: JSONValue? {
        guard !self.options.nodeSelectors.isEmpty else { return nil }
        return .array(
            self.options.nodeSelectors.map {
                ["key": .string($0.name), "value": .string($0.value), "effect": "NoSchedule", "operator": "Equal"]
            })
    }

    /// Required and preferred node selectors, as far as there are any.
    var affinity: JSONValue? {
        var nodeAffinity: JSONValue = [:]
        if !self.options.nodeSelectors.isEmpty {
            let term: JSONValue = ["matchExpressions": Self.expressions(self.options.nodeSelectors)]
            nodeAffinity["requiredDuringSchedulingIgnoredDuringExecution"] = ["nodeSelectorTerms": [term]]
        }
        if !self.options.preferredNodeSelectors.isEmpty {
            let preference: JSONValue = ["matchExpressions": Self.expressions(self.options.preferredNodeSelectors)]
            nodeAffinity["preferredDuringSchedulingIgnoredDuringExecution"] = [["weight": 100, "preference": preference]]
        }
        return nodeAffinity == [:] ? nil : ["nodeAffinity": nodeAffinity]
    }

    private static func expressions(_ selectors: [(name: String, value: String)]) -> JSONValue {
        .array(selectors.map { ["key": .string($0.name), "operator": "In", "values": [.string($0.value)]] })
    }
}
