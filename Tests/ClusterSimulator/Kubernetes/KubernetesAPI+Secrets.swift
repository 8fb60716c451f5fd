import NIOCore
import NIOHTTP1

/// Secrets, as far as a build worker makes and removes them.
extension KubernetesAPI {
    func secretCall(for request: Request) -> KubernetesCall {
        let (namespace, name) = (request.path[3], request.path.count == 6 ? request.path[5] : nil)
        let body = Array(request.body.readableBytesView)
        do {
            switch (request.method, name) {
            case (.POST, nil): return .secret(.create(namespace: namespace, try SecretChange(body)))
            case (.GET, nil):
                let filter = try PodFilter(
                    namespace: namespace, labelSelector: request.parameter("labelSelector"), fieldSelector: nil)
                let isMetadataOnly = request.accept?.contains("as=PartialObjectMetadataList") ?? false
                return .secret(.list(namespace: namespace, filter, isMetadataOnly: isMetadataOnly))
            case (.GET, let name?): return .secret(.read(namespace: namespace, name: name))
            case (.PATCH, let name?):
                guard request.contentType == "application/merge-patch+json" else {
                    return .fixed(
                        KubernetesStatus(
                            code: 415, reason: "UnsupportedMediaType", message: "only merge patches are simulated"
                        ).response)
                }
                return .secret(.patch(namespace: namespace, name: name, try SecretChange(body)))
            case (.DELETE, let name?):
                return .secret(.delete(namespace: namespace, name: name, version: try Self.precondition(body)))
            default: return .fixed(KubernetesStatus.methodNotAllowed.response)
            }
        } catch {
            return .fixed(KubernetesStatus.badRequest("\(error)").response)
        }
    }

    func build(of call: SecretCall) -> String? {
        switch call {
        case .create(_, let change): change.label
        case .read(let namespace, let name), .patch(let namespace, let name, _), .delete(let namespace, let name, _):
            secrets.secret(namespace, name)?.label("sdbuild")
        case .list(_, let filter, _): filter.build
        }
    }

    func perform(_ call: SecretCall) -> Performance {
        switch call {
        case .create(let namespace, let change):
            if let existing = self.namespace, existing != namespace {
                return Performance(KubernetesStatus.namespaceNotFound(namespace).response)
            }
            let name = change.name ?? ""
            guard secrets.secret(namespace, name) == nil else {
                return Performance(KubernetesStatus.secretExists(name).response)
            }
            return Performance(
                secrets.create(change, name: name, namespace: namespace).response(status: 201), effect: .created)
        case .read(let namespace, let name):
            return Performance(
                secrets.secret(namespace, name)?.response(status: 200) ?? KubernetesStatus.secretNotFound(name).response
            )
        case .list(let namespace, let filter, let isMetadataOnly):
            return Performance(
                list(
                    secrets.all.filter { $0.namespace == namespace && filter.matches($0.labels) },
                    isMetadataOnly: isMetadataOnly))
        case .patch(let namespace, let name, let change):
            guard let secret = secrets.secret(namespace, name) else {
                return Performance(KubernetesStatus.secretNotFound(name).response)
            }
            return Performance(secrets.change(secret, by: change).response(status: 200), effect: .updated)
        case .delete(let namespace, let name, let version):
            guard let secret = secrets.secret(namespace, name) else {
                return Performance(KubernetesStatus.secretNotFound(name).response)
            }
            if let version, version != String(secret.resourceVersion) {
                return Performance(KubernetesStatus.secretChanged(secret, wanted: version).response)
            }
            secrets.delete(secret)
            return Performance(
                Response(status: 200, json: #"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"}"#),
                effect: .deleted(1))
        }
    }

    private func list(_ found: [SimulatedSecret], isMetadataOnly: Bool) -> Response {
        var body = ByteBuffer()
        let kind =
            isMetadataOnly
            ? #""PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1""# : #""SecretList","apiVersion":"v1""#
        body.writeString(#"{"kind":\#(kind),"metadata":{"resourceVersion":"\#(store.resourceVersion)"},"items":["#)
        for (index, secret) in found.enumerated() {
            body.writeString(index > 0 ? "," : "")
            secret.write(into: &body, as: isMetadataOnly ? .metadata : .item)
        }
        body.writeStaticString("]}")
        return Response(status: 200, body: body)
    }

    /// The version in the options of a deletion.
    private static func precondition(_ body: [UInt8]) throws(JSONProblem) -> String? {
        guard !body.isEmpty else { return nil }
        var version: String?
        var scanner = JSONScanner(body)
        try scanner.object { scanner, key throws(JSONProblem) in
            guard key == "preconditions" else {
                try scanner.skip()
                return
            }
            try scanner.object { scanner, key throws(JSONProblem) in
                if key == "resourceVersion" { version = try scanner.string() } else { try scanner.skip() }
            }
        }
        return version
    }
}

extension KubernetesStatus {
    fileprivate static func secretExists(_ name: String) -> KubernetesStatus {
        KubernetesStatus(
            code: 409, reason: "AlreadyExists", message: "secrets \"\(name)\" already exists", details: secret(name))
    }

    fileprivate static func secretNotFound(_ name: String) -> KubernetesStatus {
        KubernetesStatus(code: 404, reason: "NotFound", message: "secrets \"\(name)\" not found", details: secret(name))
    }

    fileprivate static func secretChanged(_ secret: SimulatedSecret, wanted: String) -> KubernetesStatus {
        KubernetesStatus(
            code: 409, reason: "Conflict",
            message:
                "Operation cannot be fulfilled on secrets \"\(secret.name)\": the ResourceVersion in the precondition (\(wanted)) does not "
                + "match the ResourceVersion in record (\(secret.resourceVersion)). The object might have been modified",
            details: self.secret(secret.name))
    }

    private static func secret(_ name: String) -> String {
        var details = ByteBuffer(string: #""name":"#)
        details.writeJSON(name)
        details.writeStaticString(#","kind":"secrets""#)
        return String(buffer: details)
    }
}
