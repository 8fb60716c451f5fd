import NIOCore

/// A step of a build. The one that has begun and not ended is the active one.
struct Step {
    var name: StaticString
    var startTime: Timestamp?
    var endTime: Timestamp?
    var code: Int?

    /// The code of a step that did not end by itself.
    static let aborted = 130

    /// Those of a build just made: its initialisation is active until a launcher says that it has begun.
    static func initial(_ now: Timestamp) -> [Step] {
        [Step(name: "sd-setup-init", startTime: now), Step(name: "sd-setup-launcher"), Step(name: "main")]
    }

    var isActive: Bool { startTime != nil && endTime == nil }

    mutating func end(at now: Timestamp, code: Int) {
        endTime = now
        self.code = code
    }

    /// Which steps a list is asked for.
    enum Filter: String {
        case active, success, failure

        func includes(_ step: Step) -> Bool {
            switch self {
            case .active: step.isActive
            case .success: step.endTime != nil && step.code == 0
            case .failure: step.endTime != nil && step.code.map { $0 > 0 } == true
            }
        }
    }
}

extension ByteBuffer {
    /// Writes steps as the JSON array that the API answers.
    mutating func writeSteps(_ steps: some Sequence<Step>, of build: String) {
        writeStaticString("[")
        for (index, step) in steps.enumerated() {
            writeString("\(index > 0 ? "," : ""){\"buildId\":\(build),\"name\":\"\(step.name)\"")
            writeMember("startTime", step.startTime?.rfc3339)
            writeMember("endTime", step.endTime?.rfc3339)
            if let code = step.code { writeString(",\"code\":\(code)") }
            writeStaticString("}")
        }
        writeStaticString("]")
    }
}
