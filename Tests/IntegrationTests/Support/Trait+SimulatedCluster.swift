import TestSupport
import Testing

extension Trait where Self == ConditionTrait {
    /// For suites and tests whose outcome no cluster can change: `scripts/test --real-cluster` leaves them out, and its output says why.
    static func simulatedClusterOnly(_ why: Comment) -> Self { .disabled(if: RealCluster.current != nil, why) }
}
