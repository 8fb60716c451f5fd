internal import Foundation
internal import Support

/// The original worker's configuration files and variables, in the order of its library (npm `config` 3.3, also called
/// node-config). Objects are merged across files; any other value replaces the lower one.
struct NodeConfig {
    struct Mapping {
        let key: String
        let variable: String
        let file: String
    }

    static let documentVariable = "NODE_CONFIG"
    /// Known names, so that no spelling suggestion is made for them.
    static let variables: Set = [
        documentVariable, "NODE_CONFIG_DIR", "NODE_CONFIG_ENV", "NODE_ENV", "NODE_APP_INSTANCE",
    ]
    /// The directory in the original's image; operators may mount a file there.
    static let original = "/usr/src/app/node_modules/screwdriver-buildcluster-queue-worker/config"
    /// The extensions that its library reads, in its order; here only those with plain data.
    private static let extensions = [
        "js", "cjs", "ts", "json", "json5", "hjson", "toml", "coffee", "iced", "yaml", "yml", "cson", "properties",
        "xml",
    ]
    private static let readable: Set = ["json", "yaml", "yml"]

    /// Lowest precedence first.
    private(set) var files: [String] = []
    /// Files that override variables.
    private(set) var runtimeFiles: [String] = []
    private(set) var mappings: [Mapping] = []
    private(set) var problems: [ConfigurationProblem] = []
    /// `NODE_CONFIG`.
    let document: String?

    /// - Parameter own: the directory of our defaults.
    init(_ environment: [String: String], beside own: String, hostName: @autoclosure () -> String) {
        func text(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        self.document = text(Self.documentVariable)
        let ranks = Self.ranks(
            deployments: (text("NODE_CONFIG_ENV") ?? text("NODE_ENV") ?? "development").components(separatedBy: ","),
            host: text("HOST") ?? text("HOSTNAME") ?? hostName(), instance: text("NODE_APP_INSTANCE"))
        let named = text("NODE_CONFIG_DIR")?.split(separator: ":").map(String.init)
        let ours = Set(
            [ConfigurationDirectory.defaults, ConfigurationDirectory.variables].map { Self.resolved("\(own)/\($0)") })
        var found: [(rank: Int, path: String)] = []
        for directory in named ?? [Self.original, own] {
            guard let names = Self.contents(of: directory) else {
                // Naming the image's default directory is not worth a note.
                if named != nil, directory != Self.original {
                    let expectation = "must be a directory that can be read, or several with : between them"
                    self.problems.add(nil, .variable("NODE_CONFIG_DIR"), value: directory.quoted, expectation)
                }
                continue
            }
            for name in names.sorted() {
                let path = "\(directory)/\(name)"
                guard let rank = ranks[name], !ours.contains(Self.resolved(path)) else { continue }
                guard Self.readable.contains(URL(fileURLWithPath: name).pathExtension) else {
                    self.problems.add(nil, .file(path), "cannot be read here: write it as YAML (.yaml) or JSON (.json)")
                    continue
                }
                found.append((rank, path))
            }
        }
        // Several directories may have a file of the same rank; the last directory wins.
        for (_, file) in found.enumerated().sorted(by: { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) })
            .map(\.element)
        {
            switch URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent {
            case Self.runtime: self.runtimeFiles.append(file)
            case Self.map: self.readMap(file)
            default: self.files.append(file)
            }
        }
    }

    private static let map = "custom-environment-variables"
    private static let runtime = "runtime"

    private static func ranks(deployments: [String], host: String, instance: String?) -> [String: Int] {
        let short = String(host.prefix { $0 != "." })
        var names = ["default"] + deployments
        let hosts = short == host ? [short] : [short, host]
        for deployment in deployments { names += hosts.flatMap { [$0, "\($0)-\(deployment)"] } }
        for deployment in deployments { names += ["local", "local-\(deployment)"] }
        var files = names.flatMap { name in
            Self.extensions.flatMap { ending in
                ["\(name).\(ending)"] + (instance.map { ["\(name)-\($0).\(ending)"] } ?? [])
            }
        }
        files += Self.extensions.map { "\(Self.map).\($0)" } + ["\(Self.runtime).json"]
        // For a duplicate name the later position wins.
        return Dictionary(files.enumerated().map { ($1, $0) }) { max($0, $1) }
    }

    private mutating func readMap(_ file: String) {
        do throws(ConfigurationFile.Unreadable) {
            if let root = try ConfigurationFile(path: file).root {
                self.mappings += Self.leaves(of: root, prefix: "", file)
            }
        } catch { self.problems.add(nil, .file(file), error.reason) }
    }

    /// A leaf is a variable name, or an object with it as `__name`; `__format` is ignored: settings know their format.
    private static func leaves(of document: JSONValue, prefix: String, _ file: String) -> [Mapping] {
        (document.members ?? []).flatMap { member in
            let key = prefix + member.name
            if let variable = member.value.string ?? member.value["__name"]?.string {
                return [Mapping(key: key, variable: variable, file: file)]
            }
            return Self.leaves(of: member.value, prefix: "\(key).", file)
        }
    }

    private static func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().path }

    private static func contents(of directory: String) -> [String]? {
        do { return try FileManager.default.contentsOfDirectory(atPath: directory) } catch { return nil }
    }
}
