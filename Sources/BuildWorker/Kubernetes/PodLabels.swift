/// The labels of a build's pod: the worker's own, then the operator's, which may replace them.
struct PodLabels: Sendable {
    let document: JSONValue

    init(build: BuildConfig, annotations: BuildAnnotations, resources: PodResources, options: KubernetesOptions) {
        var labels: JSONValue = [:]
        func set(_ name: String, _ value: String?) {
            guard let value else { return }
            labels[name] = .string(Self.sanitized(value))
        }
        set("app", "screwdriver")
        set("tier", "builds")
        set(PodName.labelName, PodName.container(of: build.buildID, prefix: options.prefix))
        set("screwdriver.cd/pipeline", build.pipelineName)
        set("screwdriver.cd/job", build.jobName)
        set("screwdriver.cd/template_name", build.templateName)
        set("screwdriver.cd/template_version", build.templateVersion)
        set("screwdriver.cd/pr_number", build.pullRequestNumber)
        set("screwdriver.cd/cpu", resources.millicores == 0 ? nil : (resources.millicores / 1000).plainText)
        set("screwdriver.cd/memory", resources.gigabytes == 0 ? nil : resources.gigabytes.plainText)
        set("screwdriver.cd/disk", Self.disk(annotations.disk).rawValue)
        for label in options.podLabels { set(label.name, label.value) }
        self.document = labels
    }

    private static func disk(_ size: BuildAnnotations.Size?) -> BuildAnnotations.Size {
        guard let size, size != .max else { return .low }
        return size
    }

    /// The nearest text that Kubernetes takes for a label's value: at most 63 characters of `[A-Za-z0-9_.-]`, a letter
    /// or digit at both ends.
    ///
    /// A run of other characters becomes one dot.
    static func sanitized(_ text: String) -> String {
        var value: [UInt8] = []
        var isInRun = false
        for byte in text.utf8 {
            let isAllowed = Self.isAlphanumeric(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
            if isAllowed { value.append(byte) } else if !isInRun { value.append(UInt8(ascii: ".")) }
            isInRun = !isAllowed
        }
        var kept = value.drop { !Self.isAlphanumeric($0) }.prefix(63)
        while let last = kept.last, !Self.isAlphanumeric(last) { kept.removeLast() }
        return String(decoding: kept, as: UTF8.self)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
