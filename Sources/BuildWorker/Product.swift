/// How this program names itself to brokers, servers and people.
public enum Product {
    public static let name = "build-worker"
    public static let version = "1.0.0"
    public static let information = "Starts CI builds as Kubernetes pods"
    static let platform = "Swift 6, librabbitmq"
}
