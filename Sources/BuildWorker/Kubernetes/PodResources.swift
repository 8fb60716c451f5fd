/// What a container may use at most.
struct PodResources: Hashable, Sendable {
    let cores: Double
    let gigabytes: Double
    /// Thousandths of a core.
    var millicores: Double { self.cores * 1000 }

    /// The build container: sizes by name, or whole numbers up to the operator's maximum.
    init(build annotations: BuildAnnotations, options: KubernetesOptions) {
        self.cores = Self.amount(annotations.cpu, options.cpu)
        self.gigabytes = Self.amountButMax(annotations.ram, options.memory)
    }

    /// A virtual machine: as the build container, but it knows no size `MAX` at all.
    init(vm annotations: BuildAnnotations, options: KubernetesOptions) {
        self.cores = Self.amountButMax(annotations.cpu, options.cpu)
        self.gigabytes = Self.amountButMax(annotations.ram, options.memory)
    }

    /// A daemon beside the build: sizes by name.
    init(_ sidecar: BuildAnnotations.Sidecar, options: KubernetesOptions) {
        self.cores = Self.amount(sidecar.cpu.map { .named($0) }, options.cpu)
        self.gigabytes = Self.amountButMax(sidecar.ram.map { .named($0) }, options.memory)
    }

    var megabytes: Double { self.gigabytes * 1024 }

    var document: JSONValue {
        ["limits": ["cpu": .string("\(self.millicores.plainText)m"), "memory": .string("\(self.gigabytes.plainText)Gi")]]
    }

    private static func amount(_ amount: BuildAnnotations.Amount?, _ sizes: KubernetesOptions.Sizes) -> Double {
        switch amount {
        case nil: sizes.low
        case .whole(let amount): min(amount, sizes.max)
        case .named(.micro): sizes.micro
        case .named(.low): sizes.low
        case .named(.high): sizes.high
        case .named(.turbo): sizes.turbo
        case .named(.max): sizes.max
        }
    }

    /// For memory there is no size `MAX`.
    private static func amountButMax(_ amount: BuildAnnotations.Amount?, _ sizes: KubernetesOptions.Sizes) -> Double {
        Self.amount(amount == .named(.max) ? nil : amount, sizes)
    }
}
