import NIOCore

/// The `Status` object with which a kube-apiserver answers every failure.
struct KubernetesStatus: Error {
    var code: Int
    /// Empty: none is given.
    var reason: String
    var message: String
    /// `details` without its braces, as JSON; nil when there is none.
    var details: String?
    /// With which a list goes on that has expired.
    var continuation: String?

    var response: Response { Response(status: code, body: body) }

    private var body: ByteBuffer {
        var body = ByteBuffer()
        let metadata = continuation.map { "\"continue\":\"\($0)\"" } ?? ""
        body.writeString(#"{"kind":"Status","apiVersion":"v1","metadata":{\#(metadata)},"status":"Failure","message":"#)
        body.writeJSON(message)
        if !reason.isEmpty { body.writeMember("reason", reason) }
        if let details { body.writeString(",\"details\":{\(details)}") }
        body.writeString(",\"code\":\(code)}")
        return body
    }

    // MARK: The failures that concern pods, in the API server's words

    static func alreadyExists(_ name: String, isTerminating: Bool) -> KubernetesStatus {
        let prefix = isTerminating ? "object is being deleted: " : ""
        return KubernetesStatus(
            code: 409, reason: "AlreadyExists", message: "\(prefix)pods \"\(name)\" already exists", details: pod(name))
    }

    static func notFound(_ name: String) -> KubernetesStatus {
        KubernetesStatus(code: 404, reason: "NotFound", message: "pods \"\(name)\" not found", details: pod(name))
    }

    static func namespaceNotFound(_ namespace: String) -> KubernetesStatus {
        KubernetesStatus(
            code: 404, reason: "NotFound", message: "namespaces \"\(namespace)\" not found",
            details: "\"name\":\(quoted(namespace)),\"kind\":\"namespaces\"")
    }

    static func invalid(_ name: String, field: String, cause: String, problem: String) -> KubernetesStatus {
        KubernetesStatus(
            code: 422, reason: "Invalid", message: "Pod \"\(name)\" is invalid: \(field): \(problem)",
            // Go leaves out what is empty.
            details: (name.isEmpty ? "" : "\"name\":\(quoted(name)),")
                + "\"kind\":\"Pod\",\"causes\":[{\"reason\":\"\(cause)\","
                + "\"message\":\(quoted(problem)),\"field\":\(quoted(field))}]")
    }

    static func badRequest(_ message: String) -> KubernetesStatus {
        KubernetesStatus(code: 400, reason: "BadRequest", message: message)
    }

    static let unauthorized = KubernetesStatus(code: 401, reason: "Unauthorized", message: "Unauthorized")

    static let internalError = KubernetesStatus(
        code: 500, reason: "InternalError", message: "Internal error occurred: etcdserver: request timed out",
        details: #""causes":[{"message":"etcdserver: request timed out"}]"#)

    static func quotaExceeded(_ name: String) -> KubernetesStatus {
        KubernetesStatus(
            code: 403, reason: "Forbidden",
            message: "pods \"\(name)\" is forbidden: exceeded quota: compute, requested: limits.cpu=6, "
                + "used: limits.cpu=10, limited: limits.cpu=12",
            details: pod(name))
    }

    static func forbidden(namespace: String) -> KubernetesStatus {
        KubernetesStatus(
            code: 403, reason: "Forbidden",
            message: "pods is forbidden: User \"system:serviceaccount:build-worker:build-worker\" cannot create "
                + "resource \"pods\" in API group \"\" in the namespace \"\(namespace)\"",
            details: "\"kind\":\"pods\"")
    }

    static func invalidVersion(_ version: String) -> KubernetesStatus {
        // Not what one would expect of a client's mistake, but so it is.
        KubernetesStatus(
            code: 500, reason: "",
            message:
                "resourceVersion: Invalid value: \(quoted(version)): strconv.ParseUint: parsing \(quoted(version)): invalid syntax"
        )
    }

    static func versionTooLarge(_ version: String, current: Int) -> KubernetesStatus {
        KubernetesStatus(
            code: 504, reason: "Timeout",
            message: "Timeout: Too large resource version: \(version), current: \(current)",
            details:
                #""causes":[{"reason":"ResourceVersionTooLarge","message":"Too large resource version"}],"retryAfterSeconds":1"#
        )
    }

    static func expired(goingOnWith token: String) -> KubernetesStatus {
        KubernetesStatus(
            code: 410, reason: "Expired",
            message:
                "The provided continue parameter is too old to display a consistent list result. You can start a new list without the "
                + "continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the "
                + "provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first "
                + "chunk was returned and now may show up in the list.",
            continuation: token)
    }

    static let methodNotAllowed = KubernetesStatus(
        code: 405, reason: "MethodNotAllowed",
        message: "the server does not allow this method on the requested resource", details: "")

    static let unknownResource = KubernetesStatus(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: "")

    private static func pod(_ name: String) -> String { "\"name\":\(quoted(name)),\"kind\":\"pods\"" }

    private static func quoted(_ text: String) -> String {
        var buffer = ByteBuffer()
        buffer.writeJSON(text)
        return String(buffer: buffer)
    }
}
