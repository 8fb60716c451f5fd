extension ValueFormat {
    /// A JSON array of objects. `{}` and `[{}]`, which operators write for "none", are none.
    fileprivate static func list<Item: Sendable>(
        of example: String, render: @escaping @Sendable (Item) -> JSONValue, item: @escaping @Sendable (inout FieldReader) -> Item?
    ) -> ValueFormat<[Item]> {
        ValueFormat<[Item]>(
            .json,
            parse: { raw, _ throws(Mismatch) in
                let expectation = "must be a JSON array like [\(example)]"
                let document = try raw.json(expectation)
                if document == [:] { return [] }
                guard let elements = document.array else { throw Mismatch(expectation) }
                var wrong: [String] = []
                var items: [Item] = []
                for (index, element) in elements.enumerated() where element != [:] {
                    guard let members = element.members else {
                        wrong.append("[\(index)] must be an object like \(example)")
                        continue
                    }
                    var reader = FieldReader(index: index, object: element)
                    let item = item(&reader)
                    wrong += reader.wrong + reader.unknown(members)
                    if let item { items.append(item) }
                }
                guard wrong.isEmpty else { throw Mismatch(all: wrong) }
                return items
            }, render: { .array($0.map(render)) })
    }
}

extension ValueFormat where Value == [KubernetesOptions.VolumeMount] {
    static var volumeMounts: ValueFormat {
        .list(
            of: #"{"name":"kvm","mountPath":"/dev/kvm","path":"/dev/kvm","type":"CharDevice","readOnly":true}"#,
            render: { mount in
                var object: JSONValue = ["name": .string(mount.name), "mountPath": .string(mount.mountPath), "path": .string(mount.path)]
                object["type"] = mount.type.map(JSONValue.string)
                object["readOnly"] = mount.readOnly.map(JSONValue.bool)
                return object
            },
            item: { reader in
                let (name, mountPath) = (reader.volumeName(), reader.text("mountPath", .absolutePath))
                let (path, type, readOnly) = (reader.text("path", .absolutePath), reader.hostPathType(), reader.flag("readOnly"))
                guard let name, let mountPath, let path else { return nil }
                return .init(name: name, mountPath: mountPath, path: path, type: type, readOnly: readOnly)
            })
    }
}

extension ValueFormat where Value == [KubernetesOptions.SecretVariable] {
    static var secretVariables: ValueFormat {
        .list(
            of: #"{"secret_env":"NPM_TOKEN","secret_name":"registry","secret_key":"npm"}"#,
            render: { ["secret_env": .string($0.variable), "secret_name": .string($0.secretName), "secret_key": .string($0.key)] },
            item: { reader in
                let variable = reader.text("secret_env", .variable)
                let (name, key) = (reader.text("secret_name", .subdomain), reader.text("secret_key", .secretKey))
                guard let variable, let name, let key else { return nil }
                return .init(variable: variable, secretName: name, key: key)
            })
    }
}

extension ValueFormat where Value == [KubernetesOptions.SecretFiles] {
    static var secretFiles: ValueFormat {
        .list(
            of: #"{"name":"certs","mountPath":"/etc/certs","secretName":"build-certs","readOnly":true}"#,
            render: { files in
                var object: JSONValue = [
                    "name": .string(files.name), "mountPath": .string(files.mountPath), "secretName": .string(files.secretName),
                ]
                object["readOnly"] = files.readOnly.map(JSONValue.bool)
                return object
            },
            item: { reader in
                let (name, mountPath) = (reader.volumeName(), reader.text("mountPath", .absolutePath))
                let (secretName, readOnly) = (reader.text("secretName", .subdomain), reader.flag("readOnly"))
                guard let name, let mountPath, let secretName else { return nil }
                return .init(name: name, mountPath: mountPath, secretName: secretName, readOnly: readOnly)
            })
    }
}

/// Reads the fields of one element of an array and keeps what is wrong with them.
private struct FieldReader {
    let index: Int
    let object: JSONValue
    var wrong: [String] = []
    private var asked: [String] = []

    init(index: Int, object: JSONValue) { (self.index, self.object) = (index, object) }

    /// A field that must be there.
    mutating func text(_ field: String, _ rule: KubernetesName) -> String? {
        self.asked.append(field)
        guard let value = self.object[field], !value.isNull else {
            self.wrong.append("[\(self.index)].\(field) is missing")
            return nil
        }
        guard let text = value.scalarText, rule.matches(text) else {
            self.wrong.append("[\(self.index)].\(field) must be \(rule.rule)")
            return nil
        }
        return text
    }

    mutating func volumeName() -> String? {
        guard let name = self.text("name", .label) else { return nil }
        if KubernetesOptions.ownVolumes.contains(name) {
            self.wrong.append("[\(self.index)].name must not be \(name): every build's pod has a volume of that name already")
        }
        return name
    }

    mutating func hostPathType() -> String? {
        self.asked.append("type")
        guard let value = self.object["type"], !value.isNull, value != "" else { return nil }
        let types = ["DirectoryOrCreate", "Directory", "FileOrCreate", "File", "Socket", "CharDevice", "BlockDevice"]
        guard let type = value.string, types.contains(type) else {
            self.wrong.append("[\(self.index)].type must be one of \(types.joined(separator: ", "))")
            return nil
        }
        return type
    }

    mutating func flag(_ field: String) -> Bool? {
        self.asked.append(field)
        guard let value = self.object[field], !value.isNull else { return nil }
        switch value.scalarText {
        case "true": return true
        case "false": return false
        default:
            self.wrong.append("[\(self.index)].\(field) must be true or false")
            return nil
        }
    }

    func unknown(_ members: [JSONValue.Member]) -> [String] {
        members.filter { !self.asked.contains($0.name) }.map {
            "[\(self.index)].\($0.name) is not known: there are \(self.asked.joined(separator: ", "))"
        }
    }
}

extension KubernetesOptions {
    /// The volumes that a build's pod may have of its own.
    static let ownVolumes: Set = [
        "podinfo", "screwdriver", "sdtemp", "workspace", "dind-storage", "dind-share", "dind-client-certs", "buildkit-client-certs",
        "buildkit-server-certs", "sd-pipeline-cache", "sd-job-cache", "sd-event-cache",
    ]
}
