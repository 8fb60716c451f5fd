/// The status page at `/`: one HTML page with inline style and script. All its data comes from `/status`.
package enum StatusPage {
    /// UTF-8.
    package static let html: [UInt8] = {
        let parts = PackageResources.page_html
        return parts.replacing(Array("%style%".utf8), with: style).replacing(Array("%script%".utf8), with: script)
    }()

    /// Allows only the page's own style and script, and requests to its worker.
    package static let contentSecurityPolicy = [
        "default-src 'none'", "style-src 'sha256-\(styleHash)'", "script-src 'sha256-\(scriptHash)'",
        "connect-src 'self'", "img-src data:",
        "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    // SHA-256 of style and script in base64. A test recomputes them and prints the expected values.
    static let styleHash = "w++b+k7TFz+uHa7qwfRe+lgRcvQXAov0zwArOQ+bW4I="
    static let scriptHash = "x8vVobS6wsfTjcPUNzmSwGfDlZBcmM/I87SC9bgfnmI="

    static let style = PackageResources.page_css
    /// One script: each part uses those before it.
    static let script =
        PackageResources.format_js + PackageResources.table_js + PackageResources.chart_js
        + PackageResources.sections_js + PackageResources.page_js

    static let answer: Answer = {
        var answer = Answer(contentType: "text/html; charset=utf-8", body: html)
        answer.contentSecurityPolicy = contentSecurityPolicy
        return answer
    }()
}
