/// The part of the API server's validation that a build worker can get wrong.
extension PodManifest {
    /// Why this pod is refused; nil when it is valid.
    func problem(name: String?) -> KubernetesStatus? {
        guard let name, !name.isEmpty else {
            return .invalid(
                "", field: "metadata.name", cause: "FieldValueRequired",
                problem: "Required value: name or generateName is required")
        }
        guard Self.isSubdomain(name) else {
            return .invalid(
                name, field: "metadata.name", cause: "FieldValueInvalid",
                problem: "Invalid value: \"\(name)\": \(Self.subdomainRule)")
        }
        for (_, value) in labels {
            guard let rule = Self.brokenLabelRule(value) else { continue }
            return .invalid(
                name, field: "metadata.labels", cause: "FieldValueInvalid",
                problem: "Invalid value: \"\(value)\": \(rule)")
        }
        if containers.isEmpty {
            return .invalid(name, field: "spec.containers", cause: "FieldValueRequired", problem: "Required value")
        }
        for (kind, list) in [("containers", containers), ("initContainers", initContainers)] {
            for (index, container) in list.enumerated() {
                for (field, value) in [("name", container.name), ("image", container.image)] where value.isEmpty {
                    return .invalid(
                        name, field: "spec.\(kind)[\(index)].\(field)", cause: "FieldValueRequired",
                        problem: "Required value")
                }
            }
        }
        return nil
    }

    private static let subdomainRule =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
        + "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

    private static func isSubdomain(_ name: String) -> Bool {
        guard name.utf8.count <= 253 else { return false }
        return name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { part in
            guard let first = part.first, let last = part.last else { return false }
            return isLowerOrDigit(first) && isLowerOrDigit(last)
                && part.allSatisfy { isLowerOrDigit($0) || $0 == UInt8(ascii: "-") }
        }
    }

    private static let labelRule =
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
        + "an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
        + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

    private static func brokenLabelRule(_ value: String) -> String? {
        guard value.utf8.count <= 63 else { return "must be no more than 63 characters" }
        guard let first = value.utf8.first, let last = value.utf8.last else { return nil }
        func isAlphanumeric(_ byte: UInt8) -> Bool { isLowerOrDigit(byte) || (0x41...0x5A).contains(byte) }
        let isValid =
            isAlphanumeric(first) && isAlphanumeric(last)
            && value.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
        return isValid ? nil : labelRule
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }
}
