import NIOCore

/// The pod as a client of the API server sees it.
extension Pod {
    /// Where the pod stands in an answer: items of a list have no `kind` and `apiVersion` of their own.
    enum Position { case alone, item }

    static let node = "node-7.sim"

    func write(into buffer: inout ByteBuffer, as position: Position) {
        buffer.reserveCapacity(minimumWritableBytes: metadataMembers.count + specMembers.count + 2560)
        switch position {
        case .alone: buffer.writeStaticString(#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":""#)
        case .item: buffer.writeStaticString(#"{"metadata":{"name":""#)
        }
        // Name, namespace and version have been validated or made here and need no escaping.
        buffer.writeString(name)
        buffer.writeStaticString(#"""#)
        buffer.writeMember("namespace", namespace)
        buffer.writeStaticString(#","uid":""#)
        buffer.writeString(uid)
        buffer.writeStaticString(#"","resourceVersion":""#)
        buffer.writeString(String(resourceVersion))
        buffer.writeStaticString(#"","creationTimestamp":""#)
        buffer.writeString(createdAt.rfc3339)
        buffer.writeStaticString(#"""#)
        if let deletionTimestamp {
            buffer.writeMember("deletionTimestamp", deletionTimestamp.rfc3339)
            buffer.writeStaticString(#","deletionGracePeriodSeconds":30"#)
        }
        buffer.writeBytes(metadataMembers)
        buffer.writeStaticString(#"},"spec":{"#)
        if scheduledAt != nil {
            buffer.writeStaticString(#""nodeName":""#)
            buffer.writeString(Self.node)
            buffer.writeStaticString(#"""#)
            buffer.writeBytes(specMembers)
        } else {
            buffer.writeBytes(specMembers.dropFirst())
        }
        buffer.writeStaticString(#"},"status":"#)
        if renderedStatus.isEmpty { renderStatus() }
        buffer.writeBytes(renderedStatus)
        buffer.writeStaticString("}")
    }

    private func renderStatus() {
        var status = ByteBuffer()
        status.reserveCapacity(2048)
        writeStatus(into: &status)
        renderedStatus = Array(status.readableBytesView)
    }

    /// An answer that consists of this pod.
    func response(status: Int) -> Response {
        var body = ByteBuffer()
        write(into: &body, as: .alone)
        return Response(status: status, body: body)
    }
}
