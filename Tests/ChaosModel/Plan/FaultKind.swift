/// The faults as they are counted, and how often each is drawn.
package enum FaultKind: String, CaseIterable, Codable, Sendable {
    case workerKilled = "worker killed (-9)"
    case workerReplaced = "worker replaced (SIGTERM)"
    case workerFrozen = "worker frozen"
    case spoolDiskFull = "spool disk full"
    case clockJumped = "worker's clock jumped"
    case brokerKilled = "broker killed (-9)"
    case brokerFrozen = "broker frozen"
    case connectionsCut = "connections cut"
    case memoryAlarm = "memory alarm"
    case kubernetesRequests = "Kubernetes requests fail"
    case apiRequests = "build API requests fail"
    case kubernetesRawAnswers = "Kubernetes answers rubbish"
    case apiRawAnswers = "build API answers rubbish"
    case kubernetesOutage = "Kubernetes API down"
    case apiOutage = "build API down"
    case kubernetesRefusal = "Kubernetes refuses all"
    case apiRefusal = "build API refuses all"

    var weight: Int {
        switch self {
        case .workerKilled: 9
        case .kubernetesRequests: 8
        case .workerReplaced, .connectionsCut, .apiRequests: 5
        case .brokerKilled, .kubernetesRawAnswers, .apiRawAnswers: 4
        case .workerFrozen, .spoolDiskFull, .clockJumped, .brokerFrozen, .memoryAlarm, .kubernetesOutage, .apiOutage: 3
        case .kubernetesRefusal, .apiRefusal: 2
        }
    }

    /// During these nobody is served: they must cost time, and no build.
    package var isOutage: Bool {
        switch self {
        case .kubernetesOutage, .apiOutage, .kubernetesRefusal, .apiRefusal: true
        case .workerKilled, .workerReplaced, .workerFrozen, .spoolDiskFull, .clockJumped, .brokerKilled, .brokerFrozen,
            .connectionsCut, .memoryAlarm, .kubernetesRequests, .apiRequests, .kubernetesRawAnswers, .apiRawAnswers:
            false
        }
    }
}

extension Fault {
    package var kind: FaultKind {
        switch self {
        case .workerKilled: .workerKilled
        case .workerReplaced: .workerReplaced
        case .workerFrozen: .workerFrozen
        case .spoolDiskFull: .spoolDiskFull
        case .clockJumped: .clockJumped
        case .brokerKilled: .brokerKilled
        case .brokerFrozen: .brokerFrozen
        case .connectionsCut: .connectionsCut
        case .memoryAlarm: .memoryAlarm
        case .requests(.kubernetes, _, _, _): .kubernetesRequests
        case .requests(.api, _, _, _): .apiRequests
        case .rawAnswers(.kubernetes, _, _, _): .kubernetesRawAnswers
        case .rawAnswers(.api, _, _, _): .apiRawAnswers
        case .outage(.kubernetes, _): .kubernetesOutage
        case .outage(.api, _): .apiOutage
        case .refusal(.kubernetes, _, _): .kubernetesRefusal
        case .refusal(.api, _, _): .apiRefusal
        }
    }
}
