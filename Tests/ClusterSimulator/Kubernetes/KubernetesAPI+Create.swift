import NIOCore

/// Creation of pods, with the faults that images ask for.
extension KubernetesAPI {
    func create(_ namespace: String, _ parsed: Result<PodManifest, JSONProblem>) -> Performance {
        let manifest: PodManifest
        switch understood(parsed, namespace) {
        case .success(let value): manifest = value
        case .failure(let refusal): return Performance(refusal.response)
        }
        let name = manifest.name ?? manifest.generateName.map { $0 + Self.randomSuffix() }
        if let fault = imageFault(of: manifest, namespace: namespace) {
            // As in the real server: rights are asked for first, and quotas only for pods that are valid.
            if case .quota = fault, let problem = manifest.problem(name: name) { return Performance(problem.response) }
            return performFaulty(fault, namespace: namespace, name: name, manifest: manifest)
        }
        return createNow(namespace, name: name, manifest: manifest)
    }

    /// What a creation would be answered where its image asks for no fault; nothing is stored.
    func dryRun(_ namespace: String, _ parsed: Result<PodManifest, JSONProblem>) -> Response {
        switch understood(parsed, namespace) {
        case .failure(let refusal): return refusal.response
        case .success(let manifest):
            let name = manifest.name ?? manifest.generateName.map { $0 + Self.randomSuffix() }
            if let refusal = manifest.problem(name: name) ?? conflict(namespace, name ?? "") { return refusal.response }
            let pod = Pod(
                name: name ?? "", namespace: namespace, manifest: manifest, now: .now(),
                resourceVersion: store.resourceVersion, startDelay: 0)
            return pod.response(status: 201)
        }
    }

    /// The manifest, where it can be read and is for a namespace that exists.
    private func understood(
        _ parsed: Result<PodManifest, JSONProblem>, _ namespace: String
    ) -> Result<PodManifest, KubernetesStatus> {
        switch parsed {
        case .failure(let problem):
            return .failure(
                .badRequest("the object provided is unrecognized (must be of type Pod): json parse error: \(problem)"))
        case .success(let manifest):
            if let posted = manifest.namespace, !posted.isEmpty, posted != namespace {
                return .failure(
                    .badRequest("the namespace of the provided object does not match the namespace sent on the request")
                )
            }
            if let existing = self.namespace, existing != namespace { return .failure(.namespaceNotFound(namespace)) }
            return .success(manifest)
        }
    }

    private func conflict(_ namespace: String, _ name: String) -> KubernetesStatus? {
        store.pod(namespace, name).map { .alreadyExists(name, isTerminating: $0.deletionTimestamp != nil) }
    }

    /// How this attempt to create the pod fails because its image asks for it.
    func imageFault(of manifest: PodManifest, namespace: String) -> CreationFault? {
        guard let image = manifest.containers.first?.image, let fault = CreationFault(image: image),
            store.fails(fault, namespace: namespace, name: manifest.name ?? "")
        else { return nil }
        return fault
    }

    private func createNow(_ namespace: String, name: String?, manifest: PodManifest) -> Performance {
        if let problem = manifest.problem(name: name) { return Performance(problem.response) }
        let name = name ?? ""
        if let conflict = conflict(namespace, name) { return Performance(conflict.response, pod: name) }
        let pod = store.create(name: name, namespace: namespace, manifest: manifest)
        return Performance(pod.response(status: 201), effect: .created, pod: name)
    }

    func performFaulty(
        _ fault: CreationFault, namespace: String, name: String?, manifest: PodManifest
    ) -> Performance {
        let shownName = name ?? ""
        var performance: Performance
        switch fault {
        case .refuse: performance = Performance(KubernetesStatus.internalError.response)
        case .quota: performance = Performance(KubernetesStatus.quotaExceeded(shownName).response)
        case .forbidden: performance = Performance(KubernetesStatus.forbidden(namespace: namespace).response)
        case .noNamespace: performance = Performance(KubernetesStatus.namespaceNotFound(namespace).response)
        case .invalid:
            let problem = KubernetesStatus.invalid(
                shownName, field: "spec.containers[0].resources.requests", cause: "FieldValueInvalid",
                problem: "Invalid value: \"6\": must be less than or equal to cpu limit")
            performance = Performance(problem.response)
        case .reset(let created), .hang(let created):
            performance =
                created ? createNow(namespace, name: name, manifest: manifest) : Performance(Outcome.hang(nil))
            if case .reset = fault { performance.outcome = .reset } else { performance.outcome = .hang(nil) }
        }
        performance.fault = fault.name
        return performance
    }

    /// Five characters of the alphabet that Kubernetes uses for generated names.
    private static func randomSuffix() -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return String((0..<5).compactMap { _ in alphabet.randomElement() })
    }
}
