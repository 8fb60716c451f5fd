import Logging
import ServiceLifecycle

@testable import BuildWorker

/// Runs the operators' server with these routes on a free port, as long as `body` takes.
func serving<Result: Sendable>(
    _ routes: OperatorServer.Routes, _ limits: OperatorServer.Limits = .init(),
    _ body: @Sendable @escaping (Int) async throws -> Result
) async throws -> Result {
    let options = ServerOptions(port: 0, host: "127.0.0.1")
    let (ports, listening) = AsyncStream.makeStream(of: Int.self)
    let server = OperatorServer(options, setBy: "PORT", names: OwnNames([]), limits: limits, routes: routes) {
        listening.yield($0)
    }
    let group = ServiceGroup(
        services: [server], logger: Logger(label: "served routes") { _ in SwiftLogNoOpLogHandler() })
    return try await withThrowingTaskGroup { tasks in
        tasks.addTask {
            defer { listening.finish() }
            try await group.run()
        }
        var port: Int?
        for await next in ports {
            port = next
            break
        }
        guard let port else {
            try await tasks.waitForAll()
            throw CancellationError()
        }
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(port)) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return try result.get()
    }
}
