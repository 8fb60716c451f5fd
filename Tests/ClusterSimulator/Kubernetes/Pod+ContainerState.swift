/// `state` of a container.
enum ContainerState {
    case waiting(reason: String, message: String?)
    case running
    case terminated(exitCode: Int, reason: String)
}

/// Which state each container has at the pod's stage, with the messages of a kubelet 1.20.
extension Pod {
    func mainState(of container: PodManifest.Container, isFirst: Bool) -> ContainerState {
        // What goes wrong, goes wrong with the build's container; its companions run.
        let state = firstMainState(of: container)
        if case .waiting = state, stage.isInitialized, !isFirst { return .running }
        return state
    }

    private func firstMainState(of container: PodManifest.Container) -> ContainerState {
        switch stage {
        case .unscheduled, .unschedulable, .scheduled, .launcherPullError, .launcherPullBackOff:
            .waiting(reason: initContainers.isEmpty ? "ContainerCreating" : "PodInitializing", message: nil)
        case .running, .unknown, .sidecarTrouble: .running
        case .succeeded: .terminated(exitCode: 0, reason: "Completed")
        case .failed, .evicted: .terminated(exitCode: 1, reason: "Error")
        case .imagePullError: pullError(container.image)
        case .registryBusy: busy(container.image)
        case .imagePullBackOff: pullBackOff(container.image)
        case .invalidImage:
            .waiting(
                reason: "InvalidImageName",
                message: "Failed to apply default image tag \"\(container.image)\": couldn't parse image reference "
                    + "\"\(container.image)\": invalid reference format")
        case .crashLoop:
            .waiting(
                reason: "CrashLoopBackOff",
                message: "back-off 40s restarting failed container=\(container.name) pod=\(name)_\(namespace)(\(uid))")
        case .configError: .waiting(reason: "CreateContainerConfigError", message: "secret \"x\" not found")
        }
    }

    func initState(of container: PodManifest.Container, isFirst: Bool) -> ContainerState {
        switch stage {
        case .launcherPullError where isFirst: pullError(container.image)
        case .launcherPullBackOff where isFirst: pullBackOff(container.image)
        case .unscheduled, .unschedulable, .scheduled, .launcherPullError, .launcherPullBackOff:
            .waiting(reason: "PodInitializing", message: nil)
        case .running, .succeeded, .failed, .evicted, .unknown, .imagePullError, .imagePullBackOff, .registryBusy,
            .sidecarTrouble, .invalidImage,
            .crashLoop, .configError:
            .terminated(exitCode: 0, reason: "Completed")
        }
    }

    private func pullError(_ image: String) -> ContainerState {
        .waiting(
            reason: "ErrImagePull",
            message: "rpc error: code = Unknown desc = Error response from daemon: manifest for \(image) not found: "
                + "manifest unknown: manifest unknown")
    }

    private func busy(_ image: String) -> ContainerState {
        .waiting(
            reason: "ErrImagePull",
            message:
                "rpc error: code = Unknown desc = failed to pull and unpack image \"\(image)\": failed to resolve reference \"\(image)\": "
                + "unexpected status from HEAD request: 429 Too Many Requests")
    }

    private func pullBackOff(_ image: String) -> ContainerState {
        .waiting(reason: "ImagePullBackOff", message: "Back-off pulling image \"\(image)\"")
    }
}
