internal import Foundation
package import Support

/// The requests, and permissions, that only `K8S_BUILD_TOKEN=secret` needs.
extension KubernetesClient {
    /// Metadata of a Secret as last returned by the API server, without its data.
    package struct SecretVersion: Hashable, Sendable {
        package let name: String
        /// `resourceVersion`; changes with each later update.
        let version: String
        package let hasOwner: Bool
        /// Unix time in seconds.
        package let created: Double?
        /// The value of the label `sdbuild`.
        package let label: String?

        /// `nil` if the document is not valid metadata.
        init?(_ document: JSONValue) {
            guard let metadata = document["metadata"], let name = metadata["name"]?.string,
                let version = metadata["resourceVersion"]?.string
            else { return nil }
            (self.name, self.version) = (name, version)
            self.hasOwner = metadata["ownerReferences"]?.array?.isEmpty == false
            self.label = metadata[path: "labels", PodName.labelName]?.string
            self.created = metadata["creationTimestamp"]?.string.flatMap {
                ISO8601DateFormatter().date(from: $0)?.timeIntervalSince1970
            }
        }
    }

    func createSecret(_ document: JSONValue) async throws(KubernetesError) -> SecretVersion {
        let operation = "create secret"
        return try self.version(
            operation, try await self.document(operation, "POST", self.secretsURL, body: document, success: 201))
    }

    /// - Parameter patch: a merge patch (RFC 7386).
    func patchSecret(named name: String, _ patch: JSONValue) async throws(KubernetesError) -> SecretVersion {
        let operation = "patch secret"
        return try self.version(
            operation,
            try await self.document(
                operation, "PATCH", self.url(ofSecret: name), body: patch, contentType: "application/merge-patch+json",
                success: 200))
    }

    /// Deletes a Secret. Ignores a missing one. `version`: keep the Secret, without an error, if it has changed since.
    package func deleteSecret(named name: String, unlessChangedSince version: String? = nil)
        async throws(KubernetesError)
    {
        let body: JSONValue? = version.map { ["preconditions": ["resourceVersion": .string($0)]] }
        do throws(KubernetesError) {
            _ = try await self.send("delete secret", "DELETE", self.url(ofSecret: name), body: body, success: 200)
        } catch  where error.code == .notFound || version != nil && error.code == .conflict {}
    }

    /// Reads a Secret's metadata only: no token is transferred.
    package func secret(named name: String) async throws(KubernetesError) -> SecretVersion {
        let operation = "get secret"
        let accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
        return try self.version(
            operation, try await self.document(operation, "GET", self.url(ofSecret: name), accept: accept, success: 200)
        )
    }

    /// Reads all matching Secrets in pages, as in ``secret(named:)``.
    package func forEachPage(ofSecretsLabelled selector: String, _ body: ([SecretVersion]) async -> Void)
        async throws(KubernetesError)
    {
        let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
        try await self.forEachPage(
            "list secrets", "\(self.secretsURL)?labelSelector=\(selector.percentEncoded)", accept: accept
        ) { items in
            await body(items.compactMap { SecretVersion($0) })
        }
    }

    /// The token in a build's Secret; `nil` if there is none.
    package func token(inSecret name: String) async throws(KubernetesError) -> Secret? {
        let document = try await self.document("get secret", "GET", self.url(ofSecret: name), success: 200)
        guard let encoded = document[path: "data", TokenSecret.key]?.string, let data = Data(base64Encoded: encoded)
        else { return nil }
        return Secret(String(decoding: data, as: UTF8.self))
    }

    private func url(ofSecret name: String) -> String { "\(self.secretsURL)/\(name.percentEncoded)" }

    private func version(_ operation: String, _ document: JSONValue) throws(KubernetesError) -> SecretVersion {
        guard let version = SecretVersion(document) else {
            throw KubernetesError(operation: operation, code: .unreadableAnswer, message: "the answer is no Secret")
        }
        return version
    }
}
