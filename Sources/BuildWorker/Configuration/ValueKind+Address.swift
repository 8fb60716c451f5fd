extension ValueKind where Value == [String] {
    /// A list in a file, or one text with commas.
    static var hosts: Self {
        Self { (value: JSONValue) throws(Mismatch) -> [String] in
            let expectation = "host names separated by commas, without scheme and path, would be right"
            var hosts: [String] = []
            for element in value.array ?? [value] {
                guard let text = element.scalarText else { throw Mismatch(expectation) }
                hosts += text.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
            }
            if hosts.contains(where: { HostName.hasPort($0) }) {
                throw Mismatch("host names without a port would be right; the port goes into RABBITMQ_PORT")
            }
            guard !hosts.isEmpty, hosts.allSatisfy({ HostName.isValid($0) }) else { throw Mismatch(expectation) }
            return hosts.map { HostName.withoutBrackets($0) }
        }
    }
}

extension ValueKind where Value == String {
    /// An address to listen on.
    static var listenAddress: Self {
        Self("an IP address or a host name") { HostName.isValid($0.trimmed) ? HostName.withoutBrackets($0.trimmed) : nil }
    }

    /// `host`, `host:port` or either with `http://` or `https://` before it.
    static var server: Self {
        Self("host, host:port, http://host:port or https://host:port without a path") { text in
            let text = text.trimmed
            guard let match = text.wholeMatch(of: /(https?:\/\/)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._\-]+)(:([0-9]{1,5}))?/) else { return nil }
            if let port = match.output.4, !(1...65535).contains(Int(port) ?? 0) { return nil }
            return text
        }
    }

    /// Without the slash at its end: paths are appended to it.
    static var url: Self {
        Self("a URL that begins with http:// or https://, without query and fragment,") { text in
            let url = text.trimmed
            return url.wholeMatch(of: /https?:\/\/[^\/\s?#]+(\/[^\s?#]*)?/) == nil ? nil : url.withoutTrailingSlashes
        }
    }

    static var optionalURL: Self {
        let url = Self.url
        return Self { (value: JSONValue) throws(Mismatch) -> String in value.scalarText == "" ? "" : try url.read(value) }
    }
}

enum HostName {
    static func isValid(_ text: String) -> Bool {
        text.wholeMatch(of: /[A-Za-z0-9._\-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*|\[[0-9A-Fa-f:.]+\]/) != nil
    }

    /// One colon separates a port; an IPv6 address has more.
    static func hasPort(_ text: String) -> Bool { text.wholeMatch(of: /[^:\/]+:[0-9]+|\[.*\]:[0-9]+/) != nil }

    static func withoutBrackets(_ text: String) -> String { text.hasPrefix("[") ? String(text.dropFirst().dropLast()) : text }
}
