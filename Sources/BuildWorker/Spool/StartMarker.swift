/// A file that exists from a worker's start until a certain point or a clean shutdown: if found, an earlier worker died
/// before. `starting` is removed when the worker begins to consume, `running` when it ends.
package struct StartMarker: Sendable {
    private let path: String
    /// The note of an earlier worker that died; `nil`: none.
    package let earlier: String?

    /// - Parameter note: one line for the next worker.
    package init(_ path: String, note: String) throws(SpoolError) {
        self.path = path
        self.earlier = try SpoolFile.read(path).map { String(decoding: $0, as: UTF8.self) }
        try SpoolFile.replace(path, with: Array(note.utf8))
    }

    /// If this fails, the next worker wrongly reports that this one did not start: harmless.
    package func remove() { do throws(SpoolError) { try SpoolFile.remove(self.path) } catch {} }
}
