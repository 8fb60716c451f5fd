import Testing

extension Integration {
    /// What makes sense with a real API server alone: `scripts/test --real-cluster`.
    @Suite struct OnARealCluster {}
}
