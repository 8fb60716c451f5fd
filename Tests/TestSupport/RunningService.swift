internal import Logging
package import ServiceLifecycle

/// A service that runs as in the worker, until a test ends it.
package struct RunningService: Sendable {
    private let group: ServiceGroup
    private let task: Task<Void, any Error>

    package init(_ service: any Service) {
        let configuration = ServiceGroupConfiguration(
            services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let group = ServiceGroup(configuration: configuration)
        self.group = group
        self.task = Task { try await group.run() }
    }

    /// Tells it to end in order, and waits until it has.
    package func shutDown() async throws {
        await self.group.triggerGracefulShutdown()
        try await self.task.value
    }

    /// Ends it at once.
    package func cancel() async throws {
        self.task.cancel()
        try await self.task.value
    }

    /// Waits until it ends by itself.
    package func end() async throws { try await self.task.value }
}
