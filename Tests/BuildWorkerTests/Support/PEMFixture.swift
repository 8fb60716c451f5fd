import Foundation

/// Files that look like what they are named after.
enum PEMFixture {
    static let certificates = Self.write("CERTIFICATE")
    static let encryptedKey = Self.write("ENCRYPTED PRIVATE KEY")
    static let key = Self.write("RSA PRIVATE KEY")

    static func text(_ label: String, _ content: String = "QUJD") -> String {
        "-----BEGIN \(label)-----\n\(content)\n-----END \(label)-----\n"
    }

    private static func write(_ label: String) -> String {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(
            "build-worker-tests-\(UUID().uuidString).pem")
        guard FileManager.default.createFile(atPath: file.path, contents: Data(Self.text(label).utf8)) else {
            fatalError("\(file.path) cannot be written")
        }
        return file.path
    }
}
