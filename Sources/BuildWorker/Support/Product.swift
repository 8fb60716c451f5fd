/// How this program identifies itself to brokers and servers, and in its output.
package enum Product {
    package static let name = "build-worker"
    package static let version = "1.0.0"
    package static let information = "Starts CI builds as Kubernetes pods"
    package static let platform = "Swift 6, librabbitmq"
}
