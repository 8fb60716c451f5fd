/// What a container may use at most.
struct PodResources: Hashable, Sendable {
    /// Thousandths of a core.
    let millicores: Double
    let gigabytes: Double

    /// The build container: sizes by name, or whole numbers up to the operator's maximum.
    init(build annotations: BuildAnnotations, options: KubernetesOptions) {
        self.millicores = Self.cores(annotations.cpu, options.cpu) * 1000
        self.gigabytes = Self.gigabytes(annotations.ram, options.memory)
    }

    /// A daemon beside the build: sizes by name.
    init(_ sidecar: BuildAnnotations.Sidecar, options: KubernetesOptions) {
        self.millicores = Self.cores(sidecar.cpu.map { .named($0) }, options.cpu) * 1000
        self.gigabytes = Self.gigabytes(sidecar.ram.map { .named($0) }, options.memory)
    }

    var document: JSONValue {
        ["limits": ["cpu": .string("\(self.millicores.plainText)m"), "memory": .string("\(self.gigabytes.plainText)Gi")]]
    }

    private static func cores(_ amount: BuildAnnotations.Amount?, _ sizes: KubernetesOptions.Sizes) -> Double {
        switch amount {
        case nil: sizes.low
        case .whole(let cores): min(cores, sizes.max)
        case .named(.micro): sizes.micro
        case .named(.low): sizes.low
        case .named(.high): sizes.high
        case .named(.turbo): sizes.turbo
        case .named(.max): sizes.max
        }
    }

    /// As with cores, but for memory there is no size `MAX`.
    private static func gigabytes(_ amount: BuildAnnotations.Amount?, _ sizes: KubernetesOptions.Sizes) -> Double {
        Self.cores(amount == .named(.max) ? nil : amount, sizes)
    }
}

extension Double {
    /// Whole numbers without a decimal point, others with as many digits as they need.
    var plainText: String {
        self.rounded() == self && self.magnitude < 9_007_199_254_740_992 ? String(Int(self)) : "\(self)"
    }
}
