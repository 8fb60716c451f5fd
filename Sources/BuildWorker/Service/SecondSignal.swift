public import ServiceLifecycle
internal import UnixSignals

/// The first SIGTERM or SIGINT drains the worker; a second one means "now".
public struct SecondSignal: Service {
    private let worker: Worker

    public init(worker: Worker) { self.worker = worker }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var count = 0
            for await _ in await UnixSignalsSequence(trapping: .sigterm, .sigint) {
                count += 1
                if count == 2 { self.worker.handBack() }
            }
        }
    }
}
