internal import Glibc
internal import Support

/// The names by which a server may be asked. Any other is a sign of DNS rebinding: a page from elsewhere, in an operator's browser, whose
/// name has been made to lead here. IP addresses cannot be made to.
package struct OwnNames: Sendable {
    private let names: Set<String>

    /// - Parameter names: besides `localhost`, in any case.
    package init(_ names: [String]) { self.names = Set((names + ["localhost"]).map { $0.lowercased() }) }

    /// - Parameter host: a name or an IP address, perhaps with a port: the header `Host`.
    func contain(_ host: String) -> Bool {
        guard Host.isAuthority(host) else { return false }
        guard !host.hasPrefix("[") else { return true }
        var name = host.prefix { $0 != ":" }.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        var address = in_addr()
        return self.names.contains(name) || inet_pton(AF_INET, name, &address) == 1
    }
}
