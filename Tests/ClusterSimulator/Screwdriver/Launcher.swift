/// The launchers in the builds' containers: each tells the build API how its build begins and ends.
///
/// They do it by the rules of the API and without HTTP, so that no fault meets them: what fails in a test is the worker's part.
final class Launcher {
    private let builds: BuildStore
    private let pods: PodStore

    init(builds: BuildStore, pods: PodStore) {
        self.builds = builds
        self.pods = pods
    }

    /// Hears of every pod that is new or has changed.
    func observe(_ pod: Pod) {
        if pod.launcher == .waiting, pod.startedAt != nil, pod.fate.reachesLauncher { begin(pod) }
        if pod.launcher == .running, pod.stage == .succeeded { report(pod) }
    }

    private func begin(_ pod: Pod) {
        guard let build = build(of: pod) else {
            pod.launcher = .ended
            return
        }
        // What `POST …/token` says, before anything else: a build that runs or has ended has no use for another container.
        guard build.status.awaitsLauncher, tell(build, .running) else { return fail(pod) }
        pod.launcher = .running
    }

    private func report(_ pod: Pod) {
        pod.launcher = .ended
        guard let build = build(of: pod) else { return }
        // Refused when somebody else has ended the build: a launcher can do nothing about that.
        for status in pod.fate.report { _ = tell(build, status) }
    }

    private func fail(_ pod: Pod) {
        pod.launcher = .ended
        pods.change(pod, to: .failed)
    }

    private func tell(_ build: Build, _ status: BuildStatus) -> Bool {
        do throws(Build.Refusal) {
            try builds.update(build, BuildUpdate(status: status), by: .launcher)
            return true
        } catch {
            return false
        }
    }

    /// The label is the build's id behind the worker's prefix.
    /// - Returns: nil for a pod of no build, and for a build that the API does not know.
    private func build(of pod: Pod) -> Build? {
        let digits = (pod.build ?? "").utf8.reversed().prefix { (0x30...0x39).contains($0) }
        return digits.isEmpty ? nil : builds.build(String(decoding: digits.reversed(), as: UTF8.self))
    }
}

/// What a pod's launcher has done so far.
enum LauncherState {
    /// May become running or ended.
    case waiting
    /// The build runs. May become ended.
    case running
    /// Has reported the build's end, or could not begin.
    case ended
}

extension Fate {
    /// Whether the build's container lives long enough for its launcher to say anything.
    var reachesLauncher: Bool {
        switch self {
        case .running, .succeeded, .short, .slow, .slowDelete, .failed, .evicted, .unknown, .busyRegistry,
            .sidecarTrouble:
            true
        case .crash, .stuckPending, .stuckInitializing, .badImage, .badLauncherImage, .invalidImage, .configError: false
        }
    }

    /// What the launcher reports, in this order, when the container has done its work. It then exits with 0, whatever it reported.
    var report: [BuildStatus] {
        switch self {
        case .succeeded: [.success]
        // A step called the build unstable; the launcher's success ends it.
        case .short(.unstable): [.unstable, .success]
        case .short(let end): [end]
        // Who is killed with its container, or runs on, reports nothing.
        case .running, .slow, .slowDelete, .failed, .evicted, .unknown, .crash, .stuckPending, .stuckInitializing,
            .badImage, .badLauncherImage,
            .invalidImage, .configError, .busyRegistry, .sidecarTrouble:
            []
        }
    }
}
