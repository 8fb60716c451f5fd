internal import Support

struct PodResources: Hashable, Sendable {
    let cores: Double
    let gigabytes: Double

    /// Sizes by name, or integers up to the operator's maximum.
    ///
    /// - Parameter isVM: virtual machines do not support the size `MAX`; memory never does.
    init(cpu: BuildAnnotations.Amount?, ram: BuildAnnotations.Amount?, _ options: KubernetesOptions, isVM: Bool = false)
    {
        self.cores = Self.amount(isVM && cpu == .named(.max) ? nil : cpu, options.cpu)
        self.gigabytes = Self.amount(ram == .named(.max) ? nil : ram, options.memory)
    }

    var millicores: Double { self.cores * 1000 }
    var megabytes: Double { self.gigabytes * 1024 }

    var document: JSONValue {
        [
            "limits": [
                "cpu": .string("\(self.millicores.plainText)m"), "memory": .string("\(self.gigabytes.plainText)Gi"),
            ]
        ]
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
}
