import NIOCore
import NIOHTTP1

/// Follows the pods of one namespace of a real cluster: a list, then a watch from there on, again and again.
final class PodWatch {
    enum Event {
        /// Everything that there is now.
        case listed([ObservedPod])
        case changed(ObservedPod)
        case gone(ObservedPod)
    }

    private let server: APIServer
    private let token: String
    private let pods: String
    private let hear: (Event) -> Void
    /// From a failure to the next attempt.
    private static let pause = TimeAmount.milliseconds(200)

    init(_ server: APIServer, token: String, namespace: String, hear: @escaping (Event) -> Void) {
        self.server = server
        self.token = token
        self.hear = hear
        pods = "/api/v1/namespaces/\(namespace)/pods"
    }

    func start() {
        server.send(.GET, pods, token: token) { [self] answer in
            guard case .success(let response) = answer, response.status == 200 else { return startLater() }
            do throws(JSONProblem) {
                let (found, version) = try ObservedPod.list(Array(response.body.readableBytesView))
                hear(.listed(found))
                follow(since: version)
            } catch {
                startLater()
            }
        }
    }

    private func follow(since version: String) {
        server.stream("\(pods)?watch=true&resourceVersion=\(version)", token: token) { [self] line in
            do throws(JSONProblem) {
                if let event = try Self.event(line) { hear(event) }
            } catch {
                fatalError("the API server's watch is not understood: \(error)")
            }
        } ended: { [self] _ in
            startLater()
        }
    }

    private func startLater() { server.loop.scheduleTask(in: Self.pause) { [self] in start() } }

    /// - Returns: nil for a line that says why the watch cannot go on; its end follows.
    private static func event(_ line: [UInt8]) throws(JSONProblem) -> Event? {
        var type = ""
        var object: Range<Int>?
        var scanner = JSONScanner(line)
        try scanner.object { scanner, key throws(JSONProblem) in
            switch key {
            case "type": type = try scanner.string()
            case "object": object = try scanner.skip()
            default: try scanner.skip()
            }
        }
        guard let object else { return nil }
        switch type {
        case "ADDED", "MODIFIED": return .changed(try ObservedPod(Array(line[object])))
        case "DELETED": return .gone(try ObservedPod(Array(line[object])))
        default: return nil
        }
    }
}
