import NIOCore

/// Creation of pods, with the faults that images ask for.
extension KubernetesAPI {
    func create(_ namespace: String, _ parsed: Result<PodManifest, JSONProblem>) -> Performance {
        if let existing = self.namespace, existing != namespace {
            return Performance(KubernetesStatus.namespaceNotFound(namespace).response)
        }
        let manifest: PodManifest
        switch parsed {
        case .success(let value): manifest = value
        case .failure(let problem):
            return Performance(
                KubernetesStatus.badRequest(
                    "the object provided is unrecognized (must be of type Pod): json parse error: \(problem)").response)
        }
        if let posted = manifest.namespace, !posted.isEmpty, posted != namespace {
            return Performance(
                KubernetesStatus.badRequest(
                    "the namespace of the provided object does not match the namespace sent on the request").response)
        }
        let name = manifest.name ?? manifest.generateName.map { $0 + Self.randomSuffix() }
        // Admission (quotas, permissions) comes before validation and storage, as in the real server.
        if let image = manifest.containers.first?.image, let fault = CreationFault(image: image),
            store.fails(fault, namespace: namespace, name: name ?? "")
        {
            return performFaulty(fault, namespace: namespace, name: name, manifest: manifest)
        }
        return createNow(namespace, name: name, manifest: manifest)
    }

    /// What a creation would be answered, as far as the manifest decides; nothing is stored.
    func dryRun(_ manifest: PodManifest, _ body: ByteBuffer) -> Response {
        manifest.problem(name: manifest.name)?.response ?? Response(status: 201, body: body)
    }

    private func createNow(_ namespace: String, name: String?, manifest: PodManifest) -> Performance {
        if let problem = manifest.problem(name: name) { return Performance(problem.response) }
        let name = name ?? ""
        if let present = store.pod(namespace, name) {
            let isTerminating = present.deletionTimestamp != nil
            return Performance(KubernetesStatus.alreadyExists(name, isTerminating: isTerminating).response, pod: name)
        }
        let pod = store.create(name: name, namespace: namespace, manifest: manifest)
        return Performance(pod.response(status: 201), effect: .created, pod: name)
    }

    private func performFaulty(
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
