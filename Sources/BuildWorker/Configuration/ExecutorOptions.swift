/// How pods are made (`executor.*`).
public struct ExecutorOptions: Sendable {
    public enum Plugin: String, Sendable, CaseIterable { case k8s }

    public var plugin = Plugin.k8s
    /// `executor.k8s.options.*`
    public var kubernetes = KubernetesOptions()

    public init() {}
}
