internal import Support

/// The labels of a build's pod: the worker's own, overridden by the operator's.
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
        let disk = annotations.disk ?? .low
        set("screwdriver.cd/disk", (disk == .max ? .low : disk).rawValue)
        for label in options.podLabels { set(label.name, label.value) }
        self.document = labels
    }

    /// The closest valid label value: at most 63 characters of `[A-Za-z0-9_.-]`, with a letter or digit at both ends.
    ///
    /// A run of other characters becomes one dot.
    static func sanitized(_ text: String) -> String {
        var value: [UInt8] = []
        var isInRun = false
        for byte in text.utf8 {
            let isAllowed = byte.isAlphanumeric || "_-.".utf8.contains(byte)
            if isAllowed { value.append(byte) } else if !isInRun { value.append(UInt8(ascii: ".")) }
            isInRun = !isAllowed
        }
        var kept = value.drop { !$0.isAlphanumeric }.prefix(63)
        while let last = kept.last, !last.isAlphanumeric { kept.removeLast() }
        return String(decoding: kept, as: UTF8.self)
    }
}
