internal import Support

/// A build's requests for its pod (`buildConfig.annotations`).
///
/// With or without the prefix `beta.`; the last duplicate wins. Invalid sizes are ignored; invalid times are errors.
struct BuildAnnotations: Hashable, Sendable {
    enum Size: String, Sendable, CaseIterable {
        case micro = "MICRO"
        case low = "LOW"
        case high = "HIGH"
        case turbo = "TURBO"
        case max = "MAX"
    }

    /// A size by name, or an integer above 0: a limit of 0 is none to Kubernetes. The string `"4"` is neither.
    enum Amount: Hashable, Sendable {
        case named(Size)
        case whole(Double)
    }

    /// An optional sidecar container (only `true` enables it), with sizes by name only.
    struct Sidecar: Hashable, Sendable {
        let (cpu, ram): (Amount?, Amount?)

        fileprivate init?(wantedBy enabled: String, cpu: String, ram: String, _ values: [String: JSONValue]) {
            guard values[enabled]?.bool == true else { return nil }
            self.cpu = BuildAnnotations.size(values[cpu]).map(Amount.named)
            self.ram = BuildAnnotations.size(values[ram]).map(Amount.named)
        }
    }

    /// `screwdriver.cd/cpu`, in cores.
    let cpu: Amount?
    /// `screwdriver.cd/ram`, in GB.
    let ram: Amount?
    /// `screwdriver.cd/disk`; becomes a label.
    let disk: Size?
    /// `screwdriver.cd/disk` and `diskSpeed` for a VM: any text, in lower case; empty: none.
    let (diskSpace, diskSpeed): (String, String)
    /// `screwdriver.cd/dockerEnabled`, `dockerCpu`, `dockerRam`
    let docker: Sidecar?
    /// `screwdriver.cd/rootlessBuildkitEnabled`, `buildkitCpu`, `buildkitRam`
    let buildkit: Sidecar?
    /// `screwdriver.cd/timeout`, in minutes.
    let timeoutMinutes: Double?
    /// `screwdriver.cd/terminationGracePeriodSeconds`
    let terminationGracePeriodSeconds: Double?

    init(_ annotations: JSONValue) throws(PodManifestError) {
        let values = Self.values(annotations)
        self.cpu = Self.amount(values["cpu"])
        self.ram = Self.amount(values["ram"])
        self.disk = Self.size(values["disk"])
        self.diskSpace = values["disk"]?.string?.lowercased() ?? ""
        self.diskSpeed = values["diskSpeed"]?.string?.lowercased() ?? ""
        self.docker = Sidecar(wantedBy: "dockerEnabled", cpu: "dockerCpu", ram: "dockerRam", values)
        self.buildkit = Sidecar(wantedBy: "rootlessBuildkitEnabled", cpu: "buildkitCpu", ram: "buildkitRam", values)
        self.timeoutMinutes = try Self.number("timeout", values)
        self.terminationGracePeriodSeconds = try Self.number("terminationGracePeriodSeconds", values)
    }

    private static let domain = "screwdriver.cd/"

    /// Potentially relevant annotations, by name without prefix.
    static func values(_ annotations: JSONValue) -> [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        for member in annotations.members ?? [] {
            // The original replaces the pattern `^beta.`, in which the dot matches any character.
            let name = member.name.hasPrefix("beta") ? String(member.name.dropFirst(5)) : member.name
            guard name.hasPrefix(Self.domain) else { continue }
            values[String(name.dropFirst(Self.domain.count))] = member.value
        }
        return values
    }

    private static func size(_ value: JSONValue?) -> Size? { value?.string.flatMap(Size.init(rawValue:)) }

    private static func amount(_ value: JSONValue?) -> Amount? {
        if let number = value?.double, number.isFinite, number > 0, number.rounded() == number { return .whole(number) }
        return Self.size(value).map(Amount.named)
    }

    /// Parses a number as JavaScript does: 0, false, null and "" mean not set, numeric text counts.
    private static func number(_ name: String, _ values: [String: JSONValue]) throws(PodManifestError) -> Double? {
        let number: Double?
        switch values[name] {
        case nil, .null, .bool(false), .string(""): return nil
        case .bool(true): number = 1
        case .number(let literal):
            number = Double(literal)
            if number == 0 { return nil }
        case .string(let text): number = Self.number(in: text)
        case .array, .object: number = nil
        }
        guard let number, number.isFinite else { throw .invalidAnnotation(Self.domain + name) }
        return number
    }

    private static func number(in text: String) -> Double? {
        let digits = text.trimmed
        if digits.isEmpty { return 0 }
        // `Double` also accepts "nan", "infinity" and hexadecimal text.
        return digits.allSatisfy { "0123456789+-.eE".contains($0) } ? Double(digits) : nil
    }
}
