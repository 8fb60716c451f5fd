/// Which part of a list is asked for.
struct PodPage {
    /// At most so many pods.
    var limit = Int.max
    var continuation: Continuation?
    /// A list of any version comes from the API server's cache, which knows no pages, and no order either.
    var isFromCache = false

    /// Reads `limit`, `continue` and `resourceVersion`.
    ///
    /// - Parameter latest: the version of all that there is.
    init(_ request: Request, latest: Int) throws(KubernetesStatus) {
        let limit = request.parameter("limit") ?? ""
        guard limit.isEmpty || Int(limit) != nil else {
            throw .badRequest("strconv.ParseInt: parsing \"\(limit)\": invalid syntax")
        }
        let version = request.parameter("resourceVersion") ?? ""
        guard version.isEmpty || UInt64(version) != nil else { throw .invalidVersion(version) }
        if let token = request.parameter("continue"), !token.isEmpty {
            guard version.isEmpty || version == "0" else {
                throw .badRequest("specifying resource version is not allowed when using continue")
            }
            do throws(SelectorProblem) {
                continuation = try Continuation(token)
            } catch {
                throw .badRequest("invalid continue token: \(error.message)")
            }
        } else if let wanted = UInt64(version), wanted > latest {
            throw .versionTooLarge(version, current: latest)
        }
        isFromCache = version == "0" && continuation == nil
        if let limit = Int(limit), limit > 0, !isFromCache { self.limit = limit }
    }

    /// Where a list goes on. A client knows it as an opaque token.
    struct Continuation {
        /// The list is what there was at this version; nil: what there is.
        var version: Int?
        /// The last pod before it, as `namespace/name` or `name`.
        var last: String

        init(version: Int?, last: String) {
            self.version = version
            self.last = last
        }

        init(_ token: String) throws(SelectorProblem) {
            var version = 0
            var start = ""
            do throws(JSONProblem) {
                guard let bytes = Base64URL.decode(token.utf8) else {
                    throw JSONProblem(reason: "illegal base64 data", offset: 0)
                }
                var scanner = JSONScanner(bytes)
                try scanner.object { scanner, key throws(JSONProblem) in
                    switch key {
                    case "rv": version = try scanner.number("rv", in: -1...Int.max)
                    case "start": start = try scanner.string()
                    default: try scanner.skip()
                    }
                }
                try scanner.end()
                guard version != 0, start.utf8.last == 0 else { throw scanner.problem("incorrect encoded start") }
            } catch {
                throw SelectorProblem(message: "continue key is not valid: \(error)")
            }
            self.init(version: version < 0 ? nil : version, last: String(start.dropLast()))
        }

        /// For the answer's `continue`. As etcd's keys are ordered, what comes next is what is greater than the last with a zero behind it.
        var token: String {
            Base64URL.encode(#"{"v":"meta.k8s.io/v1","rv":\#(version ?? -1),"start":"\#(last)\u0000"}"#.utf8)
        }
    }
}
