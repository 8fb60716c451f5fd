import NIOCore

/// A Secret, as far as a build worker fills it.
struct SimulatedSecret {
    struct Owner: Equatable {
        var name: String
        var uid: String
    }

    let name: String
    let namespace: String
    let uid: String
    let createdAt: Timestamp
    var resourceVersion: Int
    var labels: [String: String] = [:]
    var owners: [Owner] = []
    /// As in the API: base64.
    var data: [String: String] = [:]

    func label(_ key: String) -> String? { labels[key] }

    /// What stands in an answer.
    enum Form { case whole, item, metadata }

    func write(into buffer: inout ByteBuffer, as form: Form) {
        switch form {
        case .whole: buffer.writeStaticString(#"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"#)
        case .item, .metadata: buffer.writeStaticString(#"{"metadata":{"name":"#)
        }
        buffer.writeJSON(name)
        buffer.writeMember("namespace", namespace)
        buffer.writeMember("uid", uid)
        buffer.writeMember("resourceVersion", String(resourceVersion))
        buffer.writeMember("creationTimestamp", createdAt.rfc3339)
        buffer.writeStaticString(#","labels":"#)
        Self.write(labels, into: &buffer)
        if !owners.isEmpty {
            buffer.writeStaticString(#","ownerReferences":["#)
            for (index, owner) in owners.enumerated() {
                buffer.writeString(index > 0 ? "," : "")
                buffer.writeStaticString(#"{"apiVersion":"v1","kind":"Pod""#)
                buffer.writeMember("name", owner.name)
                buffer.writeMember("uid", owner.uid)
                buffer.writeStaticString("}")
            }
            buffer.writeStaticString("]")
        }
        buffer.writeStaticString("}")
        if form != .metadata {
            buffer.writeStaticString(#","data":"#)
            Self.write(data, into: &buffer)
            buffer.writeStaticString(#","type":"Opaque""#)
        }
        buffer.writeStaticString("}")
    }

    private static func write(_ map: [String: String], into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{")
        for (index, (key, value)) in map.sorted(by: { $0.key < $1.key }).enumerated() {
            buffer.writeString(index > 0 ? "," : "")
            buffer.writeJSON(key)
            buffer.writeStaticString(":")
            buffer.writeJSON(value)
        }
        buffer.writeStaticString("}")
    }

    func response(status: Int) -> Response {
        var body = ByteBuffer()
        write(into: &body, as: .whole)
        return Response(status: status, body: body)
    }
}
