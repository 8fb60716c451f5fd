import Foundation
import TestSupport

/// Headless Chromium, for one page.
enum Browser {
    struct Page {
        /// What became of the document after its program has run.
        let dom: String
        /// What the page's console says: errors, and everything that its policy refused.
        let console: [String]

        /// The text of the element with this id, up to the first element in it.
        func text(_ id: String) -> String? {
            guard let rest = self.after("id=\"\(id)\""), let start = rest.firstIndex(of: ">") else { return nil }
            return String(rest[rest.index(after: start)...].prefix { $0 != "<" })
        }

        /// How many rows the table in the element with this id has.
        func rows(_ id: String) -> Int {
            guard let rest = self.after("id=\"\(id)\""), let body = rest.firstRange(of: "<tbody"),
                let end = rest.firstRange(of: "</tbody>")
            else { return 0 }
            return rest[body.upperBound..<end.lowerBound].matches(of: /<tr\b/).count
        }

        private func after(_ mark: String) -> Substring? {
            self.dom.firstRange(of: mark).map { self.dom[$0.upperBound...] }
        }
    }

    /// - Parameter time: that passes for the page, however long the page's requests take.
    static func open(_ address: String, time: Duration) async throws -> Page {
        let profile = Surroundings.directory.appendingPathComponent(Surroundings.newName("chromium")).path
        let child = try ChildProcess(
            URL(fileURLWithPath: "/usr/bin/chromium"),
            [
                // The tests may run as root, and in containers with a small /dev/shm.
                "--headless", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--user-data-dir=\(profile)",
                "--enable-logging=stderr",
                "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
                "--virtual-time-budget=\(Int(time / .milliseconds(1)))", "--dump-dom", address,
            ])
        let code = try await child.waitForExit()
        guard code == 0 else { throw NotInTime(description: "chromium ended with \(code): \(child.errors)") }
        return Page(
            dom: child.output,
            console: child.errors.split(separator: "\n").filter { $0.contains("CONSOLE") }.map(String.init))
    }
}
