internal import Foundation

/// What changes when a file is replaced. What Kubernetes mounts is a link to a link, and only the latter is exchanged: it is the
/// file that both lead to.
package struct FileVersion: Equatable, Sendable {
    private let path: String
    private let modified: Date?
    private let bytes: UInt64?

    /// `nil` where there is no file.
    package init?(_ path: String) {
        self.path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        // Why there is none is seen when it is read.
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: self.path) else { return nil }
        self.modified = attributes[.modificationDate] as? Date
        self.bytes = (attributes[.size] as? NSNumber)?.uint64Value
    }
}
