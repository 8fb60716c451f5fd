/// The status page at `/`: one page of HTML with its style and its program in it. It asks `/status` for everything it shows.
package enum StatusPage {
    /// In UTF-8.
    package static let html: [UInt8] = {
        let parts = PackageResources.page_html
        return parts.replacing(Array("%style%".utf8), with: style).replacing(Array("%script%".utf8), with: script)
    }()

    /// For the header of that name: what the page may do. Nothing but its own style and program, and requests to its worker.
    package static let contentSecurityPolicy = [
        "default-src 'none'", "style-src 'sha256-\(styleHash)'", "script-src 'sha256-\(scriptHash)'",
        "connect-src 'self'", "img-src data:",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    // SHA-256 of the page's two parts in base64. They are written down, for the program has no other use for a hash function;
    // a test computes them anew and says what belongs here.
    static let styleHash = "w++b+k7TFz+uHa7qwfRe+lgRcvQXAov0zwArOQ+bW4I="
    static let scriptHash = "x8vVobS6wsfTjcPUNzmSwGfDlZBcmM/I87SC9bgfnmI="

    static let style = PackageResources.page_css
    /// One program: each part uses those before it.
    static let script =
        PackageResources.format_js + PackageResources.table_js + PackageResources.chart_js
        + PackageResources.sections_js + PackageResources.page_js

    static let answer: Answer = {
        var answer = Answer(contentType: "text/html; charset=utf-8", body: html)
        answer.contentSecurityPolicy = contentSecurityPolicy
        return answer
    }()
}
