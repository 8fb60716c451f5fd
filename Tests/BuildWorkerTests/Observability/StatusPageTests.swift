import Foundation
import Testing

@testable import BuildWorker
@testable import Support

/// What can be said of the page without a browser. IntegrationTests/StatusPageTests opens it in one.
@Suite struct StatusPageTests {
    private let script = String(decoding: StatusPage.script, as: UTF8.self)
    private let html = String(decoding: StatusPage.html, as: UTF8.self)

    /// A browser refuses a part whose hash is not the one in the header.
    @Test func hashesAreThoseOfTheParts() throws {
        #expect(
            StatusPage.styleHash == (try Self.sha256(StatusPage.style)),
            "write the right side into StatusPage.styleHash")
        #expect(
            StatusPage.scriptHash == (try Self.sha256(StatusPage.script)),
            "write the right side into StatusPage.scriptHash")
    }

    @Test func allPartsAreInThePage() {
        #expect(self.html.hasPrefix("<!DOCTYPE html>"))
        #expect(self.html.contains("<script>\(self.script)</script>"))
        #expect(self.html.contains("<style>\(String(decoding: StatusPage.style, as: UTF8.self))</style>"))
        #expect(StatusPage.answer.contentSecurityPolicy?.contains("default-src 'none'") == true)
    }

    /// The only way from a value to the page is a text node.
    @Test(arguments: [
        "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "setHTML", "DOMParser",
        "createContextualFragment",
        "javascript:",
    ])
    func noValueIsReadAsMarkup(_ sink: String) { #expect(!self.html.contains(sink)) }

    @Test func nothingComesFromElsewhere() {
        // A namespace is a name: nothing is fetched from it.
        let addresses = self.html.replacing("http://www.w3.org/2000/svg", with: "").matches(
            of: /(?:https?:)?\/\/[\w.-]+\.\w+/
        ).map { String($0.output) }
        #expect(addresses.isEmpty)
        #expect(
            self.html.matches(of: /<(?:link|script|img|iframe)[^>]*(?:href|src)="([^"]*)"/).map { String($0.output.1) }
                == ["data:,"])
    }

    @Test func theMarkupHasNoStyleAndNoProgramOfItsOwn() throws {
        let start = try #require(self.html.firstRange(of: "<body>")).upperBound
        let markup = self.html[start...].prefix(upTo: try #require(self.html.firstRange(of: "<script>")).lowerBound)
        #expect(!markup.contains(#/ style=| on[a-z]+=/#), "the policy refuses them")
    }

    @Test func everyMemberIsShownAndExplained() throws {
        let page = try String(
            contentsOf: ConfigurationFixture.root.appendingPathComponent("docs/status-api.md"), encoding: .utf8)
        for member in try #require(try StatusFixture.document().members) {
            // The page needs no start beside the time since then.
            #expect(
                member.name == "startedAt" || self.script.contains(member.name), "the page does not show \(member.name)"
            )
            #expect(page.contains("`\(member.name)`"), "docs/status-api.md does not explain \(member.name)")
        }
    }

    private static func sha256(_ bytes: [UInt8]) throws -> String {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(
            "build-worker-page-\(UInt32.random(in: .min ... .max))")
        try Data(bytes).write(to: file)
        defer { try! FileManager.default.removeItem(at: file) }
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        process.arguments = [file.path]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        process.waitUntilExit()
        let digits = Array(text.prefix(64))
        try #require(process.terminationStatus == 0 && digits.count == 64)
        return Data(stride(from: 0, to: 64, by: 2).map { UInt8(String(digits[$0...($0 + 1)]), radix: 16)! })
            .base64EncodedString()
    }
}
