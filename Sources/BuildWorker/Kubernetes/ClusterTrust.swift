internal import Foundation

/// Whether this system trusts the authorities of the cluster and the build API.
///
/// URLSession on Linux takes the authorities it trusts from one file of the system, and nothing a program sets changes
/// that. So the worker looks before it starts, rather than fail each request.
public enum ClusterTrust {
    /// Where libcurl, below URLSession, looks.
    public static let systemBundle = "/etc/ssl/certs/ca-certificates.crt"

    public struct Untrusted: Error, CustomStringConvertible {
        public let description: String
    }

    /// Nothing to check without TLS, or where the cluster's authority is not mounted.
    public static func check(_ options: KubernetesOptions, systemBundle: String = Self.systemBundle) throws(Untrusted) {
        let authority = options.caFile
        guard options.serverURL.lowercased().hasPrefix("https://"), FileManager.default.fileExists(atPath: authority) else { return }
        try Self.check(authority, of: "the cluster", systemBundle)
    }

    /// Nothing to check where no authority is given: then it is a public one.
    public static func check(_ ecosystem: EcosystemOptions, systemBundle: String = Self.systemBundle) throws(Untrusted) {
        guard ecosystem.api.lowercased().hasPrefix("https://"), let authority = ecosystem.caFile else { return }
        try Self.check(authority, of: "the build API", systemBundle)
    }

    private static func check(_ authority: String, of whom: String, _ systemBundle: String) throws(Untrusted) {
        let wanted = try Self.certificates(inFile: authority)
        guard !wanted.isEmpty else { throw Untrusted(description: "\(authority) should hold the authority of \(whom), but holds no certificate") }
        let trusted = Set(try Self.certificates(inFile: systemBundle))
        guard !trusted.isSuperset(of: wanted) else { return }
        throw Untrusted(
            description: "\(whom)'s authority (\(authority)) is not among those this system trusts (\(systemBundle)), and URLSession"
                + " trusts no others: append \(authority) to a copy of \(systemBundle) and mount the copy over \(systemBundle)")
    }

    /// One PEM bundle with the certificates of all, each once, in the order of their first appearance. Comments and keys are left out.
    public static func merged(_ bundles: [String]) -> String {
        var seen: Set<String> = []
        return bundles.flatMap(Self.certificates(in:)).filter { seen.insert($0).inserted }.map(Self.pem).joined()
    }

    private static func certificates(inFile path: String) throws(Untrusted) -> [String] {
        // The comments in a bundle may be in any encoding.
        guard let content = FileManager.default.contents(atPath: path) else { throw Untrusted(description: "\(path) cannot be read") }
        return Self.certificates(in: String(decoding: content, as: UTF8.self))
    }

    /// The certificates of a PEM bundle as base64 on one line, however they were wrapped. What does not end is none.
    static func certificates(in bundle: String) -> [String] {
        var certificates: [String] = []
        var current: String?
        for line in bundle.split(whereSeparator: \.isNewline) {
            switch line.trimmingCharacters(in: .whitespaces) {
            case "-----BEGIN CERTIFICATE-----", "-----BEGIN X509 CERTIFICATE-----": current = ""
            case "-----END CERTIFICATE-----", "-----END X509 CERTIFICATE-----":
                if let current, !current.isEmpty { certificates.append(current) }
                current = nil
            case let content where content.hasPrefix("-----"): current = nil
            case let content: current?.append(content)
            }
        }
        return certificates
    }

    private static func pem(_ certificate: String) -> String {
        var lines = ["-----BEGIN CERTIFICATE-----"]
        var rest = certificate[...]
        while !rest.isEmpty {
            lines.append(String(rest.prefix(64)))
            rest = rest.dropFirst(64)
        }
        return lines.joined(separator: "\n") + "\n-----END CERTIFICATE-----\n"
    }
}
