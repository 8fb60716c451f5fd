import BuildWorker
import Clients
import Foundation
import Support
import Testing

/// A message, the environment of the worker that reads it, and the pod that comes of both.
struct PodFixture: Sendable, CustomTestStringConvertible {
    let name: String
    let environment: [String: String]
    let message: JSONValue
    let pod: JSONValue

    init(file: URL) throws {
        let document = try JSONValue(parsing: Data(contentsOf: file))
        self.name = document["case"]!.string!
        self.environment = Dictionary(
            uniqueKeysWithValues: document["environment"]!.members!.map { ($0.name, $0.value.string!) })
        self.message = document["message"]!
        self.pod = document["pod"]!
    }

    /// The same message to a worker with more in its environment.
    init(_ other: PodFixture, adding environment: [String: String]) {
        (self.name, self.message, self.pod) = (other.name, other.message, other.pod)
        self.environment = other.environment.merging(environment) { $1 }
    }

    var testDescription: String { self.name }

    /// Every JSON file of a folder, by name.
    static func all(in folder: URL) -> [PodFixture] {
        let files = try! FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return files.filter { $0.pathExtension == "json" }.sorted { $0.path < $1.path }.map {
            try! PodFixture(file: $0)
        }
    }

    static var own: [PodFixture] { Self.all(in: Bundle.module.resourceURL!.appendingPathComponent("Fixtures/pods")) }

    func manifest() throws -> PodManifest {
        let message = try BuildMessage(decoding: self.message.serialized())
        guard case .start(let build) = message.job else { throw NotAStart() }
        let configuration = try ConfigurationFixture.load(self.environment).configuration
        return try PodManifest(
            build: build, options: configuration.executor.options(for: build), ecosystem: configuration.ecosystem)
    }

    struct NotAStart: Error {}
}

/// Where two pods differ, by path.
///
/// Null, the empty text and an absent member are one; so are all orders of an object's members. The order of an array counts.
/// The last five characters of the pod's name are left out.
func podDifferences(_ expected: JSONValue, _ actual: JSONValue, at path: String = "") -> [String] {
    func isNothing(_ value: JSONValue?) -> Bool { value == nil || value == .null || value == "" }
    switch (expected, actual) {
    case (.object(let left), .object(let right)):
        let names = Set(left.map(\.name) + right.map(\.name)).sorted()
        return names.flatMap { name -> [String] in
            let (left, right) = (expected[name], actual[name])
            if isNothing(left) && isNothing(right) { return [] }
            return podDifferences(left ?? .null, right ?? .null, at: "\(path).\(name)")
        }
    case (.array(let left), .array(let right)) where left.count == right.count:
        return zip(left, right).enumerated().flatMap { podDifferences($1.0, $1.1, at: "\(path)[\($0)]") }
    case (.string(let left), .string(let right)) where path == ".metadata.name":
        return left.dropLast(5) == right.dropLast(5) ? [] : ["\(path): \(left), \(right)"]
    default:
        return expected == actual || isNothing(expected) && isNothing(actual)
            ? [] : ["\(path): \(expected.text()), \(actual.text())"]
    }
}
