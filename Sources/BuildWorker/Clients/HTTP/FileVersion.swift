internal import Foundation

/// Changes when a file is replaced. Identifies the final target: Kubernetes mounts links to links and swaps the latter.
package struct FileVersion: Equatable, Sendable {
    private let path: String
    private let modified: Date?
    private let bytes: UInt64?

    /// `nil` if the file does not exist.
    package init?(_ path: String) {
        self.path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        // Reading the file reports why.
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: self.path) else { return nil }
        self.modified = attributes[.modificationDate] as? Date
        self.bytes = (attributes[.size] as? NSNumber)?.uint64Value
    }
}
