import NIOCore

/// What the control port tells about the simulated world.
struct StateReport {
    let simulation: Simulation

    /// A small object with numbers only, cheap enough to be asked for often.
    func counts() -> ByteBuffer {
        let counters = simulation.counters
        return ByteBuffer(
            string: "{\"podsCreated\":\(simulation.pods.created),\"podsAlive\":\(simulation.pods.alive),"
                + "\"requests\":\(counters.requests),\"puts\":\(counters.puts),"
                + "\"connections\":\(simulation.connections),\"lastPutMicroseconds\":\(counters.lastPut?.microseconds ?? 0),\"faulted\":\(counters.faulted)}"
        )
    }

    /// Everything: deleted pods too, and every update of every build.
    func state() -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeStaticString("{\"pods\":[")
        for (index, pod) in simulation.pods.history.enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            write(pod, into: &buffer)
        }
        buffer.writeString("],\"podsCreated\":\(simulation.pods.created),\"builds\":{")
        for (index, build) in simulation.builds.builds.values.sorted(by: { $0.id < $1.id }).enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            write(build, into: &buffer)
        }
        let counters = simulation.counters
        buffer.writeStaticString("},\"secrets\":[")
        for (index, secret) in simulation.secrets.all.enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            buffer.writeStaticString("{\"name\":")
            buffer.writeJSON(secret.name)
            buffer.writeMember("namespace", secret.namespace)
            buffer.writeMember("build", secret.label("sdbuild"))
            buffer.writeMember("owner", secret.owners.first?.uid)
            buffer.writeStaticString("}")
        }
        buffer.writeString("],\"requests\":\(counters.requests),\"faulted\":\(counters.faulted)}")
        return buffer
    }

    /// The builds that ended since.
    func stops(after number: Int) -> ByteBuffer {
        var buffer = ByteBuffer(string: "{\"stops\":[")
        for (index, stop) in simulation.builds.stops.dropFirst(number).enumerated() {
            buffer.writeString("\(index > 0 ? "," : ""){\"number\":\(stop.number),\"build\":")
            buffer.writeJSON(stop.build)
            buffer.writeString(",\"t_ms\":\(stop.at.milliseconds)}")
        }
        buffer.writeStaticString("]}")
        return buffer
    }

    private func write(_ pod: Pod, into buffer: inout ByteBuffer) {
        if !pod.isDeleted { _ = simulation.pods.pod(pod.namespace, pod.name) }
        buffer.writeStaticString("{\"name\":")
        buffer.writeJSON(pod.name)
        buffer.writeStaticString(",\"build\":")
        buffer.writeJSON(pod.build)
        buffer.writeMember("namespace", pod.namespace)
        buffer.writeMember("phase", pod.stage.phase)
        buffer.writeMember("image", pod.image)
        buffer.writeString(",\"created_ms\":\(pod.createdAt.milliseconds),\"deleted\":\(pod.isDeleted)}")
    }

    private func write(_ build: Build, into buffer: inout ByteBuffer) {
        buffer.writeJSON(build.id)
        buffer.writeStaticString(":{")
        build.writeMembers(into: &buffer)
        if let author = build.endedBy, let ended = build.endedAt {
            buffer.writeString(",\"ended\":{\"t\":\(ended.unixSeconds)")
            buffer.writeMember("by", author.kind)
            buffer.writeStaticString("}")
        }
        buffer.writeMember("erasedMessage", build.erasedMessage)
        buffer.writeStaticString(",\"updates\":[")
        for (index, update) in build.updates.enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            buffer.writeString("{\"t_ms\":\(update.at.milliseconds),\"body\":")
            buffer.writeImmutableBuffer(update.body)
            buffer.writeStaticString("}")
        }
        buffer.writeStaticString("]}")
    }
}
