/// A file that is there from a worker's start until a certain moment, or its orderly end: one that is found tells of a worker that died
/// before. `starting` goes when it takes messages, `running` when it ends.
package struct StartMarker: Sendable {
    private let path: String
    /// What an earlier worker wrote that died while it started; `nil` where none did.
    package let earlier: String?

    /// - Parameter note: what the next worker is told, in one line.
    package init(_ path: String, note: String) throws(SpoolError) {
        self.path = path
        self.earlier = try SpoolFile.read(path).map { String(decoding: $0, as: UTF8.self) }
        try SpoolFile.replace(path, with: Array(note.utf8))
    }

    /// Where that fails, the next worker says that this one did not start: an untruth, but no harm.
    package func remove() { do throws(SpoolError) { try SpoolFile.remove(self.path) } catch {} }
}
