/// A request that concerns Secrets, understood but not carried out.
enum SecretCall {
    case create(namespace: String, SecretChange)
    case read(namespace: String, name: String)
    case list(namespace: String, PodFilter, isMetadataOnly: Bool)
    case patch(namespace: String, name: String, SecretChange)
    /// With the version that it must still have, if any.
    case delete(namespace: String, name: String, version: String?)
}
