internal import Foundation

/// A file that holds a credential, as Docker and Kubernetes mount them, named by a variable that ends with `_FILE`.
///
/// What a variable holds is seen by whoever may look at the process or its pod; a file has readers of its own.
struct CredentialFile {
    /// Ends the variable that names the file for a variable.
    static let suffix = "_FILE"
    /// In bytes. Nobody's password is longer; a device, perhaps, is.
    static let largest = 65_536

    /// Without white space around it: editors and `echo` end a file with a line break.
    let text: String

    struct Unusable: Error {
        /// Holds nothing of the contents.
        let expectation: String
    }

    init(path: String) throws(Unusable) {
        let data: Data
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { file.closeFile() }
            data = try file.read(upToCount: Self.largest + 1) ?? Data()
        } catch { throw Unusable(expectation: "must be the path of a file that can be read: \(error.localizedDescription)") }
        guard data.count <= Self.largest, let text = String(data: data, encoding: .utf8) else {
            throw Unusable(expectation: "must be the path of a file with one text in it, at most \(Self.largest) bytes")
        }
        self.text = text.trimmed
        guard !self.text.isEmpty else { throw Unusable(expectation: "must be the path of a file that is not empty") }
    }
}
