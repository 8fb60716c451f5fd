package import Support
package import Workflow

/// What a build's pod is called, and how it is found again.
///
/// Both follow from the build id alone: a delivery handled twice asks for the same pod, and the API server
/// answers the second request with a conflict instead of a second pod.
package enum PodName {
    /// `<prefix><buildId>-<five characters of [a-z0-9]>`, the same on every run and machine.
    ///
    /// A DNS-1123 label where the prefix is the beginning of one (lower case letters, digits, `-`).
    package static func of(_ build: BuildID, prefix: String) -> String {
        "\(Self.container(of: build, prefix: prefix))-\(Self.suffix(of: build))"
    }

    /// The build container's name: `<prefix><buildId>`.
    package static func container(of build: BuildID, prefix: String) -> String { "\(prefix)\(build)" }

    /// The value of the label ``labelName``, for the pod and for selectors alike.
    package static func label(_ build: BuildID, prefix: String) -> String {
        PodLabels.sanitized(Self.container(of: build, prefix: prefix))
    }

    /// Selects the pods of all builds, those that start VMs included.
    package static let selectorOfAll = "app in (screwdriver,\(VMPodPlan.app)),tier=builds"

    /// The label that every pod of this worker carries; its value is ``label(_:prefix:)``.
    package static let labelName = "sdbuild"

    /// The build that a pod is for; `nil` where it is not one of ours.
    package static func build(of pod: JSONValue, prefix: String) -> BuildID? {
        self.labelledBuild(of: pod, prefix: prefix).flatMap {
            pod[path: "metadata", "name"]?.string == Self.of($0, prefix: prefix) ? $0 : nil
        }
    }

    /// The build that a pod is for, whoever made it and whatever its name is.
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

    /// The same on every run and machine, and without a pattern for builds in a row.
    static func hash(of build: BuildID) -> UInt64 {
        var hash = Fingerprint.hash(build.description.utf8)
        // Neighbouring ids differ in few bits, which FNV leaves near the top.
        hash = (hash ^ (hash >> 33)) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ (hash >> 33)) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ (hash >> 33)
    }
}
