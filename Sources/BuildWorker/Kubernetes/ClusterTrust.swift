internal import Foundation

/// Whether this system trusts the cluster's authority.
///
/// URLSession on Linux takes the authorities it trusts from one file of the system, and nothing a program sets changes
/// that. So the worker looks before it starts, rather than fail each request with an error that says nothing.
public enum ClusterTrust {
    /// Where libcurl, below URLSession, looks.
    public static let systemBundle = "/etc/ssl/certs/ca-certificates.crt"

    public struct Untrusted: Error, CustomStringConvertible {
        public let description: String
    }

    /// Nothing to check without TLS, or where the cluster's authority is not mounted.
    public static func check(_ options: KubernetesOptions, systemBundle: String = Self.systemBundle) throws(Untrusted) {
        guard options.serverURL.hasPrefix("https://"), FileManager.default.fileExists(atPath: options.caFile) else { return }
        let missing = try Self.certificates(in: options.caFile).subtracting(Self.certificates(in: systemBundle))
        guard !missing.isEmpty else { return }
        throw Untrusted(
            description: "the cluster's authority (\(options.caFile)) is not among those this system trusts (\(systemBundle)), and URLSession"
                + " trusts no others: append the first file to a copy of the second and mount the copy over \(systemBundle)")
    }

    private static func certificates(in path: String) throws(Untrusted) -> Set<String> {
        do {
            return self.certificates(inText: try String(contentsOfFile: path, encoding: .utf8))
        } catch { throw Untrusted(description: "\(path) cannot be read") }
    }

    /// The certificates of a PEM bundle by their base64 text, however it is wrapped.
    static func certificates(inText text: String) -> Set<String> {
        var certificates: Set<String> = []
        var current: String?
        for line in text.split(whereSeparator: \.isNewline) {
            switch line.trimmingCharacters(in: .whitespaces) {
            case "-----BEGIN CERTIFICATE-----": current = ""
            case "-----END CERTIFICATE-----":
                if let current { certificates.insert(current) }
                current = nil
            case let content: current? += content
            }
        }
        return certificates
    }
}
