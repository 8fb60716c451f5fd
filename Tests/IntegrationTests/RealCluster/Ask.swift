import TestSupport

@testable import BuildWorker
@testable import Support

/// One request of a `Conversation`.
struct Ask: Sendable {
    enum Asker: Sendable {
        case worker
        /// May do everything. In a simulated cluster that is the worker.
        case administrator
        /// Whose token nobody made.
        case unknown
    }

    let method: String
    /// Below `/api/v1/namespaces/<namespace>`.
    let path: String
    var body: [UInt8]?
    var asker = Asker.worker
    /// In which namespace, if not the conversation's.
    var namespace: String?
    /// What is asked for comes a moment later: the request is made until both clusters agree.
    var isEventual = false
    /// What a parser in Go says of nonsense need not be said in the same words.
    var isWorded = true

    static func create(_ pod: JSONValue, query: String = "") -> Ask {
        Ask(method: "POST", path: "/pods\(query)", body: pod.serialized())
    }
    static func read(_ pod: String) -> Ask { Ask(method: "GET", path: "/pods/\(pod)/status", isEventual: true) }
    static func list(_ query: String) -> Ask { Ask(method: "GET", path: "/pods?\(query)", isEventual: true) }
    /// The worker's role lets it delete by name only.
    static func delete(_ query: String) -> Ask { Ask(method: "DELETE", path: "/pods?\(query)", asker: .administrator) }

    func by(_ asker: Asker) -> Ask {
        var copy = self
        copy.asker = asker
        return copy
    }
    func `in`(_ namespace: String) -> Ask {
        var copy = self
        copy.namespace = namespace
        return copy
    }
    var inAnyWords: Ask {
        var copy = self
        copy.isWorded = false
        return copy
    }
    var eventually: Ask {
        var copy = self
        copy.isEventual = true
        return copy
    }

    /// A small pod.
    static func pod(_ name: String, build: String = "1", image: String = "fate/running:1") -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Pod",
            "metadata": ["name": .string(name), "labels": ["sdbuild": .string(build), "app": "screwdriver"]],
            "spec": ["restartPolicy": "Never", "containers": [["name": "build", "image": .string(image)]]],
        ]
    }
}
