import Foundation
import Testing

/// Who may import what, and whose types may be named where. A reader should know from the folder what a line can touch.
@Suite struct FolderRuleTests {
    static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Sources/BuildWorker")

    /// Modules besides the standard library, by folder.
    static let imports: [String: Set<String>] = [
        "": ["Synchronization"],
        "Support": ["Glibc"],
        "JSON": [],
        "Text": [],
        "Workflow": [],
        "Messages": [],
        "AMQP": ["CRabbitMQ", "Foundation", "Glibc", "Synchronization"],
        "HTTP": ["CCurl", "Dispatch", "Foundation", "FoundationNetworking", "Glibc", "Synchronization"],
        "Kubernetes": ["Foundation", "Synchronization"],
        "Screwdriver": ["Synchronization"],
        "Spool": ["Glibc", "Synchronization"],
        "Configuration": ["Foundation", "Yams"],
        "Observability": ["CoreMetrics", "Foundation", "Glibc", "Logging", "NIOCore", "NIOHTTP1", "NIOPosix", "ServiceLifecycle", "Synchronization"],
        "Service": ["Foundation", "Glibc", "Logging", "ServiceLifecycle", "Subprocess", "Synchronization", "SystemPackage"],
    ]

    /// Types of one folder that another may not name: the decisions know no drivers, and drivers do not know each other.
    static let unknownTo: [String: [String]] = [
        "Support": ["JSONValue", "Delivery", "BuildMessage", "KubernetesOptions", "WorkerConfiguration", "Logger"],
        "Workflow": ["JSONValue", "Delivery", "BuildMessage", "KubernetesClient", "HTTPTransport", "AMQPError", "Logger"],
        "HTTP": ["KubernetesClient", "BuildAPIClient", "Delivery", "BuildWorkflow"],
        "AMQP": ["HTTPTransport", "KubernetesClient", "BuildAPIClient", "BuildMessage", "BuildWorkflow", "WorkerConfiguration", "KubernetesOptions", "Logger"],
        "Kubernetes": ["WorkerConfiguration", "RabbitMQOptions", "ValueFormat", "AMQPError", "Delivery", "BuildAPIClient", "BuildWorkflow", "Logger"],
        "Screwdriver": ["WorkerConfiguration", "RabbitMQOptions", "ValueFormat", "AMQPError", "KubernetesClient", "BuildWorkflow", "Logger"],
        "Spool": ["Delivery", "BuildMessage", "BuildWorkflow", "HTTPTransport", "KubernetesClient", "AMQPError", "Logger"],
        "Messages": ["WorkerConfiguration", "AMQPTable", "BodyBudget", "HTTPTransport", "KubernetesClient", "BuildWorkflow", "Logger"],
    ]

    static func files() throws -> [(folder: String, name: String, text: String)] {
        let root = sources.path
        return try FileManager.default.subpathsOfDirectory(atPath: root).filter { $0.hasSuffix(".swift") }.map { path in
            let folder = path.contains("/") ? String(path.prefix { $0 != "/" }) : ""
            return (folder, path, try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8))
        }
    }

    @Test func everyFolderImportsOnlyWhatItMay() throws {
        let files = try Self.files()
        #expect(files.count > 50, "the sources are not where this test looks")
        for file in files {
            let allowed = try #require(Self.imports[file.folder], "folder \(file.folder) has no rule")
            for match in file.text.matches(of: /(?m)^(?:(?:internal|public|private|package|@\w+) +)*import +(?:struct |class |enum |func )?(\w+)/) {
                #expect(allowed.contains(String(match.output.1)), "\(file.name) imports \(match.output.1)")
            }
        }
    }

    @Test func onlyTheAMQPFolderKnowsTheCLibrary() throws {
        for file in try Self.files() where file.folder != "AMQP" {
            #expect(!file.text.contains(/\b(amqp|crmq)_\w+/), "\(file.name) names librabbitmq")
        }
    }

    @Test func onlyTheHTTPFolderKnowsLibcurlAndURLSession() throws {
        for file in try Self.files() where file.folder != "HTTP" {
            #expect(!file.text.contains(/\b(curl|ccurl)_\w+|\bURL(Session|Request)\b/), "\(file.name) names libcurl or URLSession")
        }
    }

    @Test func foldersDoNotNameWhatTheyMayNotKnow() throws {
        for file in try Self.files() {
            for type in Self.unknownTo[file.folder] ?? [] {
                #expect(try !file.text.contains(Regex("\\b\(type)\\b(?!``)")), "\(file.name) names \(type)")
            }
        }
    }
}
