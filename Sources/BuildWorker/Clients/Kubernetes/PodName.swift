package import Support
package import Workflow

/// The name and label of a build's pod.
///
/// Both derive from the build id alone: if a delivery is processed twice, the second creation is a conflict.
package enum PodName {
    /// `<prefix><buildId>-<five characters of [a-z0-9]>`, the same on every run and machine.
    ///
    /// A DNS-1123 label, provided that the prefix starts one (lower case letters, digits, `-`).
    package static func of(_ build: BuildID, prefix: String) -> String {
        "\(Self.container(of: build, prefix: prefix))-\(Self.suffix(of: build))"
    }

    /// The build container's name: `<prefix><buildId>`.
    package static func container(of build: BuildID, prefix: String) -> String { "\(prefix)\(build)" }

    /// The value of the label ``labelName``, for pods and selectors.
    package static func label(_ build: BuildID, prefix: String) -> String {
        PodLabels.sanitized(Self.container(of: build, prefix: prefix))
    }

    /// Selects the pods of all builds, including those that start VMs.
    package static let selectorOfAll = "app in (screwdriver,\(VMPodPlan.app)),tier=builds"

    /// The label on every pod of this worker; its value is ``label(_:prefix:)``.
    package static let labelName = "sdbuild"

    /// The pod's build; `nil` if this worker did not create the pod.
    package static func build(of pod: JSONValue, prefix: String) -> BuildID? {
        self.labelledBuild(of: pod, prefix: prefix).flatMap {
            pod[path: "metadata", "name"]?.string == Self.of($0, prefix: prefix) ? $0 : nil
        }
    }

    /// The pod's build by its label, whatever its creator and name.
    package static func labelledBuild(of pod: JSONValue, prefix: String) -> BuildID? {
        guard let label = pod[path: "metadata", "labels", Self.labelName]?.string, label.hasPrefix(prefix) else {
            return nil
        }
        return Int(label.dropFirst(prefix.count)).map { BuildID(rawValue: $0) }
    }

    private static func suffix(of build: BuildID) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        var hash = Self.hash(of: build)
        var characters: [UInt8] = []
        for _ in 0..<5 {
            characters.append(alphabet[Int(hash % UInt64(alphabet.count))])
            hash /= UInt64(alphabet.count)
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Stable across runs and machines, without a pattern for consecutive builds.
    static func hash(of build: BuildID) -> UInt64 {
        var hash = Fingerprint.hash(Array(build.description.utf8)[...])
        // FNV leaves the few differing bits of adjacent ids near the top.
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ (hash >> 33)
    }
}
