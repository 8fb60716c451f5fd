internal import Foundation
internal import Support

/// What an operator of the worker we succeed may have given it: the files and variables that its library reads (npm `config` 3.3, also
/// called node-config), in that library's order.
///
/// Objects of different files become one; everything else that is said higher up replaces what is below.
struct NodeConfig {
    /// A line of `custom-environment-variables`.
    struct Mapping {
        let key: String
        let variable: String
        let file: String
    }

    static let documentVariable = "NODE_CONFIG"
    /// Known by name, so that nobody is asked whether another is meant.
    static let variables: Set = [
        documentVariable, "NODE_CONFIG_DIR", "NODE_CONFIG_ENV", "NODE_ENV", "NODE_APP_INSTANCE",
    ]
    /// Where its image has its own; a file may be mounted there.
    static let original = "/usr/src/app/node_modules/screwdriver-buildcluster-queue-worker/config"
    /// Those that its library reads, in its order; of these, we read the ones that hold nothing but data and need no library.
    private static let extensions = [
        "js", "cjs", "ts", "json", "json5", "hjson", "toml", "coffee", "iced", "yaml", "yml", "cson", "properties",
        "xml",
    ]
    private static let readable: Set = ["json", "yaml", "yml"]

    /// Lowest first.
    private(set) var files: [String] = []
    /// What goes before variables.
    private(set) var runtimeFiles: [String] = []
    private(set) var mappings: [Mapping] = []
    private(set) var problems: [ConfigurationProblem] = []
    /// `NODE_CONFIG`.
    let document: String?

    /// - Parameters:
    ///   - own: our defaults' directory.
    ///   - hostName: where no variable says it.
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
                // Whoever says where the image had it anyway says nothing.
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
        // As many places as there are directories may have a file of one rank; the last directory's counts most.
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

    /// By a file's name, how high it stands.
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
        // Of a name that is there twice, the later place counts.
        return Dictionary(files.enumerated().map { ($1, $0) }) { max($0, $1) }
    }

    private mutating func readMap(_ file: String) {
        do throws(ConfigurationFile.Unreadable) {
            if let root = try ConfigurationFile(path: file).root {
                self.mappings += Self.leaves(of: root, prefix: "", file)
            }
        } catch { self.problems.add(nil, .file(file), error.reason) }
    }

    /// A leaf is a variable's name, or an object with it as `__name`; what its `__format` says our settings know themselves.
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
