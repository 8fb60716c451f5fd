package import Support

/// How a build's launcher reaches the build API, parsed from the pod that this worker created (``PodManifest``).
package struct BuildAccess: Sendable {
    package enum Token: Hashable, Sendable {
        case known(Secret)
        /// In the Secret with that name.
        case inSecret(named: String)
    }

    package let token: Token
    package let apiURI: String

    /// - Returns: `nil` if this worker did not create the pod.
    package init?(pod: JSONValue) {
        for container in pod[path: "spec", "containers"]?.array ?? [] {
            if let (token, apiURI) = Self.access(vmLauncher: container) {
                (self.token, self.apiURI) = (.known(token), apiURI)
                return
            }
            guard let line = container["args"]?.array?.first?.string, line.hasPrefix("/opt/sd/run.sh ") else {
                continue
            }
            let words = Self.words(line.dropFirst("/opt/sd/run.sh ".count))
            guard words.count >= 2, !words[0].isEmpty, words[1].contains("://") else { continue }
            let variable = (container["env"]?.array ?? []).last { $0["name"]?.string == TokenSecret.variable }
            if words[0] == "$\(TokenSecret.variable)",
                let name = variable?[path: "valueFrom", "secretKeyRef", "name"]?.string
            {
                (self.token, self.apiURI) = (.inSecret(named: name), words[1])
            } else {
                (self.token, self.apiURI) = (.known(Secret(words[0])), words[1])
            }
            return
        }
        return nil
    }

    /// The VM launcher's arguments: `--name value` as separate words.
    private static func access(vmLauncher container: JSONValue) -> (Secret, String)? {
        guard container["command"]?.array?.first?.string == VMPodPlan.command else { return nil }
        let words = (container["args"]?.array ?? []).map { $0.string ?? "" }
        func value(_ name: String) -> String {
            stride(from: 0, to: words.count - 1, by: 2).first { words[$0] == "--\(name)" }.map { words[$0 + 1] } ?? ""
        }
        let (token, apiURI) = (value("build_token"), value("api_uri"))
        return token.isEmpty || !apiURI.contains("://") ? nil : (Secret(token), apiURI)
    }

    /// Inverts the manifest's quoting: words in double quotes, special characters escaped with a backslash.
    private static func words(_ line: Substring) -> [String] {
        var words: [String] = []
        var word: String?
        var isEscaped = false
        for character in line.unicodeScalars {
            if isEscaped {
                word?.unicodeScalars.append(character)
                isEscaped = false
            } else if character == "\\", word != nil {
                isEscaped = true
            } else if character == "\"" {
                if let finished = word { words.append(finished) }
                word = word == nil ? "" : nil
            } else {
                word?.unicodeScalars.append(character)
            }
        }
        return words
    }
}
