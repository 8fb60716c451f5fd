import Foundation
import TestSupport

@testable import BuildWorker
@testable import Support

/// What a cluster answered, as lines that can be compared: no identifiers, versions and times, and of a pod's `spec` only what a
/// scheduler adds.
struct ClusterAnswer: Equatable, CustomStringConvertible {
    let lines: Set<String>
    let description: String
    /// With which a list goes on, if it does.
    let continuation: String?

    init(status: Int, body: [UInt8]) throws {
        var lines: Set<String> = ["status \(status)"]
        self.description = String(decoding: body, as: UTF8.self)
        let document: JSONValue
        do throws(JSONError) { document = try JSONValue(parsing: body) } catch {
            document = .string("plain text: \(self.description)")
        }
        let continuation = document[path: "metadata", "continue"]?.string
        self.continuation = continuation?.isEmpty == true ? nil : continuation
        switch document["kind"]?.string {
        case "PodList":
            if self.continuation != nil {
                lines.insert(
                    "goes on, remaining \(document[path: "metadata", "remainingItemCount"]?.text() ?? "unknown")")
            }
            lines.insert("kind PodList, \(document["apiVersion"]?.text() ?? "-")")
            let pods = document["items"]?.array
            lines.insert("items \(pods.map { String($0.count) } ?? "-")")
            for (index, pod) in (pods ?? []).enumerated() {
                lines.formUnion(Self.facts(of: pod).map { "[\(index)]\($0)" })
            }
        case "Pod": lines.formUnion(Self.facts(of: document))
        default: lines.formUnion(Self.leaves(of: document, at: ""))
        }
        self.lines = lines
    }

    /// What stands in one answer and not in the other.
    func differences(from other: ClusterAnswer) -> [String] {
        self.lines.subtracting(other.lines).sorted().map { "only simulated: \($0)" }
            + other.lines.subtracting(self.lines).sorted().map { "only real: \($0)" }
    }

    private static func facts(of pod: JSONValue) -> [String] {
        var seen: JSONValue = [:]
        for name in ["kind", "apiVersion", "status"] { seen[name] = pod[name] }
        var metadata = pod["metadata"] ?? [:]
        for name in ["uid", "resourceVersion", "managedFields", "selfLink"] { metadata[name] = nil }
        seen["metadata"] = metadata
        let containers = (pod[path: "spec", "containers"]?.array ?? []).map { container -> JSONValue in
            ["name": container["name"] ?? .null, "image": container["image"] ?? .null]
        }
        seen["spec"] = ["nodeName": pod[path: "spec", "nodeName"] ?? .null, "containers": .array(containers)]
        let uid = pod[path: "metadata", "uid"]?.string ?? ""
        return self.leaves(of: seen, at: "").map { uid.isEmpty ? $0 : $0.replacingOccurrences(of: uid, with: "UID") }
    }

    /// `status.phase: "Running"`, for every leaf; null and what is absent are one.
    private static func leaves(of value: JSONValue, at path: String) -> [String] {
        switch value {
        case .null: []
        case .object(let members):
            members.flatMap { self.leaves(of: $0.value, at: path.isEmpty ? $0.name : "\(path).\($0.name)") }
        case .array(let elements):
            elements.enumerated().flatMap { self.leaves(of: $0.element, at: "\(path)[\($0.offset)]") }
        case .string(let text) where text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/) != nil:
            ["\(path): a time"]
        case .string, .number, .bool: ["\(path): \(value.text())"]
        }
    }
}
