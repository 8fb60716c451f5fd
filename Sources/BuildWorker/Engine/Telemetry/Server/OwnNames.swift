internal import Glibc
internal import Support

/// The accepted `Host` names, against DNS rebinding. IP addresses are always accepted.
package struct OwnNames: Sendable {
    private let names: Set<String>

    /// - Parameter names: besides `localhost`; case-insensitive.
    package init(_ names: [String]) { self.names = Set((names + ["localhost"]).map { $0.lowercased() }) }

    /// - Parameter host: the `Host` header: a name or IP address, with an optional port.
    func contain(_ host: String) -> Bool {
        guard Host.isAuthority(host) else { return false }
        guard !host.hasPrefix("[") else { return true }
        var name = host.prefix { $0 != ":" }.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        var address = in_addr()
        return self.names.contains(name) || inet_pton(AF_INET, name, &address) == 1
    }
}
