import NIOCore

/// `status` of a pod, which is where a build worker looks.
extension Pod {
    func writeStatus(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("{\"phase\":\"")
        buffer.writeString(stage.phase)
        buffer.writeStaticString("\"")
        if stage == .evicted {
            buffer.writeMember("reason", "Evicted")
            buffer.writeMember(
                "message",
                "The node was low on resource: memory. Container \(containers.first?.name ?? "") was using 13211440Ki, "
                    + "which exceeds its request of 0. ")
            if let scheduledAt { buffer.writeMember("startTime", scheduledAt.rfc3339) }
        } else if stage == .unschedulable {
            let time = createdAt.rfc3339
            buffer.writeString(
                #","conditions":[{"type":"PodScheduled","status":"False","lastProbeTime":null,"lastTransitionTime":""#
                    + time
                    + #"","reason":"Unschedulable","message":"0/3 nodes are available: 3 Insufficient cpu."}]"#)
        } else if let scheduledAt {
            writeConditions(scheduledAt: scheduledAt, into: &buffer)
            if stage == .unknown {
                buffer.writeMember("reason", "NodeLost")
                buffer.writeMember(
                    "message", "Node \(Self.node) which was running pod \(name) is unresponsive")
            }
            buffer.writeStaticString(#","hostIP":"10.12.0.7""#)
            if startedAt != nil { buffer.writeStaticString(#","podIP":"10.44.7.21","podIPs":[{"ip":"10.44.7.21"}]"#) }
            buffer.writeMember("startTime", scheduledAt.rfc3339)
            if !initContainers.isEmpty {
                buffer.writeStaticString(",\"initContainerStatuses\":[")
                writeStatuses(of: initContainers, areInit: true, into: &buffer)
                if stage == .sidecarTrouble {
                    buffer.writeStaticString(
                        #",{"name":"istio-proxy","state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 10s restarting failed container=istio-proxy"}},"#
                    )
                    buffer.writeStaticString(
                        #""lastState":{"terminated":{"exitCode":1,"reason":"Error"}},"ready":false,"started":true,"restartCount":1}"#
                    )
                }
                buffer.writeStaticString("]")
            }
            buffer.writeStaticString(",\"containerStatuses\":[")
            writeStatuses(of: containers, areInit: false, into: &buffer)
            if stage == .sidecarTrouble {
                buffer.writeStaticString(
                    #",{"name":"vault-agent","state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image \"hashicorp/vault:1.15\""}},"#
                )
                buffer.writeStaticString(#""lastState":{},"ready":false,"started":false,"restartCount":0}"#)
            }
            buffer.writeStaticString("]")
        }
        let hasResources = containers.contains(where: \.hasResources) || initContainers.contains(where: \.hasResources)
        buffer.writeMember("qosClass", hasResources ? "Burstable" : "BestEffort")
        buffer.writeStaticString("}")
    }

    // MARK: Conditions

    private func writeConditions(scheduledAt: Timestamp, into buffer: inout ByteBuffer) {
        let scheduled = scheduledAt.rfc3339
        let changed = stageSince.rfc3339
        let isInitialized = stage.isInitialized || initContainers.isEmpty
        buffer.writeStaticString(",\"conditions\":[")
        writeCondition(
            "Initialized", isInitialized, since: isInitialized ? changed : scheduled,
            reason: "ContainersNotInitialized",
            message: "containers with incomplete status: [\(names(initContainers))]", into: &buffer)
        for type in ["Ready", "ContainersReady"] {
            buffer.writeStaticString(",")
            if stage == .succeeded {
                writeCondition(type, false, since: changed, reason: "PodCompleted", message: nil, into: &buffer)
            } else {
                writeCondition(
                    type, stage == .running, since: changed, reason: "ContainersNotReady",
                    message: "containers with unready status: [\(names(containers))]", into: &buffer)
            }
        }
        buffer.writeStaticString(",")
        writeCondition("PodScheduled", true, since: scheduled, reason: "", message: nil, into: &buffer)
        buffer.writeStaticString("]")
    }

    private func writeCondition(
        _ type: String, _ isTrue: Bool, since: String, reason: String, message: String?, into buffer: inout ByteBuffer
    ) {
        buffer.writeStaticString("{\"type\":\"")
        buffer.writeString(type)
        buffer.writeStaticString("\",\"status\":\"")
        buffer.writeStaticString(isTrue ? "True" : "False")
        buffer.writeStaticString("\",\"lastProbeTime\":null,\"lastTransitionTime\":\"")
        buffer.writeString(since)
        buffer.writeStaticString("\"")
        if !isTrue {
            buffer.writeMember("reason", reason)
            buffer.writeMember("message", message)
        }
        buffer.writeStaticString("}")
    }

    private func names(_ containers: [PodManifest.Container]) -> String {
        containers.map(\.name).joined(separator: " ")
    }

    // MARK: Containers

    private func writeStatuses(of containers: [PodManifest.Container], areInit: Bool, into buffer: inout ByteBuffer) {
        for (index, container) in containers.enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            let state =
                areInit
                ? initState(of: container, isFirst: index == 0)
                : mainState(of: container, isFirst: index == 0)
            buffer.writeStaticString("{\"name\":")
            buffer.writeJSON(container.name)
            buffer.writeStaticString(",\"state\":")
            write(state, of: container, into: &buffer)
            buffer.writeStaticString(",\"lastState\":")
            if stage == .crashLoop, !areInit, index == 0 {
                write(.terminated(exitCode: 1, reason: "Error"), of: container, into: &buffer)
            } else {
                buffer.writeStaticString("{}")
            }
            let isReady = areInit ? stage.isInitialized : stage == .running
            let restarts = stage == .crashLoop && !areInit && index == 0 ? 3 : 0
            buffer.writeString(",\"ready\":\(isReady),\"restartCount\":\(restarts)")
            buffer.writeMember("image", container.image)
            switch state {
            case .waiting: buffer.writeStaticString(",\"imageID\":\"\"")
            case .running, .terminated:
                buffer.writeStaticString(",\"imageID\":")
                buffer.writeJSON("docker-pullable://\(container.image)")
                buffer.writeMember("containerID", containerID)
            }
            if !areInit { buffer.writeString(",\"started\":\(isReady)") }
            buffer.writeStaticString("}")
        }
    }

    private func write(_ state: ContainerState, of container: PodManifest.Container, into buffer: inout ByteBuffer) {
        switch state {
        case .waiting(let reason, let message):
            buffer.writeStaticString("{\"waiting\":{\"reason\":")
            buffer.writeJSON(reason)
            buffer.writeMember("message", message)
        case .running:
            buffer.writeStaticString("{\"running\":{\"startedAt\":")
            buffer.writeJSON((startedAt ?? stageSince).rfc3339)
        case .terminated(let exitCode, let reason):
            buffer.writeString("{\"terminated\":{\"exitCode\":\(exitCode)")
            buffer.writeMember("reason", reason)
            buffer.writeMember("startedAt", (startedAt ?? scheduledAt ?? createdAt).rfc3339)
            buffer.writeMember("finishedAt", stageSince.rfc3339)
            buffer.writeMember("containerID", containerID)
        }
        buffer.writeStaticString("}}")
    }

    private var containerID: String { "docker://\(uid)" }
}
