/// The allowed build APIs. Messages contain the address, so a publisher decides where a build's token is sent.
package struct APIHosts: Sendable {
    /// The worker's own build API host, always allowed.
    private let own: String?
    /// `api.example.com`, `*.example.com`; empty: all hosts.
    private let admitted: [String]

    package init(own: String? = nil, admitted: [String] = []) {
        self.own = own
        self.admitted = admitted.map { $0.lowercased() }
    }

    func isOwn(_ apiURI: String) -> Bool { apiURI == self.own }

    /// Why nothing may be sent there; `nil`: allowed.
    package func refusal(of apiURI: String) -> String? {
        let host = Self.host(of: apiURI)
        if HTTPRequest.isLinkLocal(host) {
            return "its host is a link-local address, where nodes and clouds keep what is for themselves"
        }
        guard !self.admitted.isEmpty, !self.isOwn(apiURI) else { return nil }
        let isAdmitted = self.admitted.contains {
            $0.hasPrefix("*.") ? host.hasSuffix($0.dropFirst()) && host.utf8.count >= $0.utf8.count : host == $0
        }
        return isAdmitted ? nil : "its host is none of ECOSYSTEM_API_HOSTS"
    }

    /// `host` or `host:port`, as written in the address.
    static func authority(of apiURI: String) -> Substring {
        apiURI.firstRange(of: "://").map { apiURI[$0.upperBound...].prefix { $0 != "/" } } ?? apiURI[...]
    }

    /// Lower case, without port, brackets and trailing dot.
    private static func host(of apiURI: String) -> String {
        let authority = Self.authority(of: apiURI)
        let host = authority.first == "[" ? authority.dropFirst().prefix { $0 != "]" } : authority.prefix { $0 != ":" }
        return (host.last == "." ? host.dropLast() : host).lowercased()
    }
}
