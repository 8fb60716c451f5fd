import BuildWorker
import Foundation
import Support
import Testing
import Workflow

/// A pod as clusters have shown it, and what it means. Build 7's pod, whose build container is named `7`.
struct PodStatusFixture: Sendable, CustomTestStringConvertible {
    let topic: String
    let name: String
    let pod: JSONValue
    private let expected: JSONValue

    var testDescription: String { "\(self.topic): \(self.name)" }

    /// Every row of `Fixtures/pod-status`.
    static let all: [PodStatusFixture] = {
        let folder = Bundle.module.resourceURL!.appendingPathComponent("Fixtures/pod-status")
        let files = try! FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).filter {
            $0.pathExtension == "json"
        }
        return files.sorted { $0.path < $1.path }.flatMap { file in
            try! JSONValue(parsing: Data(contentsOf: file)).array!.map {
                PodStatusFixture($0, topic: file.deletingPathExtension().lastPathComponent)
            }
        }
    }()

    private init(_ row: JSONValue, topic: String) {
        (self.topic, self.name, self.expected) = (topic, row["case"]!.string!, row["expected"]!)
        // Rows leave out what is the same in all.
        var pod = row["pod"]!
        var metadata = pod["metadata"] ?? [:]
        if metadata["labels"] == nil { metadata["labels"] = ["sdbuild": "7"] }
        pod["metadata"] = metadata
        self.pod = pod
    }

    /// The same state of a pod that starts a VM: its containers have other names, and all else is the same.
    var ofAVM: PodStatusFixture {
        func renamed(_ value: JSONValue) -> JSONValue {
            switch value {
            case .array(let elements): .array(elements.map(renamed))
            case .object(let members):
                .object(
                    members.map {
                        .init(
                            $0.name,
                            $0.name == "name" ? .string(Self.renamed($0.value.string ?? "")) : renamed($0.value))
                    })
            case .null, .bool, .number, .string: value
            }
        }
        var pod = self.pod
        pod["status"] = renamed(pod["status"] ?? [:])
        return PodStatusFixture(topic: self.topic, name: self.name, pod: pod, expected: self.expected)
    }

    private static func renamed(_ container: String) -> String {
        ["7": "vm-launcher", "launcher-7": "launcher"][container] ?? container
    }

    private init(topic: String, name: String, pod: JSONValue, expected: JSONValue) {
        (self.topic, self.name, self.pod, self.expected) = (topic, name, pod, expected)
    }

    /// What the row says that an observation must show, in order.
    var facts: [String] {
        (self.expected.members ?? []).filter { $0.name != "says" }.map {
            "\($0.name): \($0.value.string ?? $0.value.text())"
        }
    }

    /// Words that it must have.
    var words: [String] { (self.expected["says"]?.array ?? []).compactMap(\.string) }

    /// What `observation` shows of ``facts``, in the same order.
    func facts(of observation: PodObservation) -> [String] {
        let shown = Self.facts(of: observation)
        return (self.expected.members ?? []).filter { $0.name != "says" }.map { "\($0.name): \(shown[$0.name] ?? "-")" }
    }

    static func words(of observation: PodObservation) -> String {
        switch observation {
        case .broken(let failure): failure.detail
        case .pending(_, let waitsFor): waitsFor
        case .terminating(let detail): detail
        case .running, .succeeded, .notOwned, .notFound, .unknown: ""
        }
    }

    private static func facts(of observation: PodObservation) -> [String: String] {
        switch observation {
        case .pending(let node, _): ["is": "pending", "node": node ?? "null"]
        case .running(let node): ["is": "running", "node": node ?? "null"]
        case .succeeded(let node): ["is": "succeeded", "node": node ?? "null"]
        case .terminating: ["is": "terminating"]
        case .notOwned: ["is": "notOwned"]
        case .notFound: ["is": "notFound"]
        case .unknown: ["is": "unknown"]
        case .broken(let failure):
            [
                "is": "broken", "kind": failure.kind.name, "class": failure.failureClass.rawValue,
                "outlook": "\(failure.outlook)",
                "hasBegun": "\(failure.hasBegun)",
            ]
        }
    }
}

extension PodFailure.Kind {
    fileprivate var name: String {
        switch self {
        case .ended(let phase): phase
        case .image: "image"
        case .container: "container"
        }
    }
}
