internal import Logging
internal import ServiceLifecycle
internal import Spool
internal import Support

/// Checks liveness every few seconds; reports it to systemd and in a file, closes chart points and flushes statsd.
struct Watchdog: Service {
    private static let interval = Duration.seconds(5)

    let problems: @Sendable () -> [String]
    let isReady: @Sendable () -> Bool
    let heartbeat: @Sendable () -> JSONValue
    /// Blocks; `nil` if not configured.
    let sendFigures: (@Sendable () -> Void)?
    /// Called when a chart point is complete. Blocks.
    let closePoint: @Sendable () throws -> Void
    let systemd: SystemdNotifier?
    /// `heartbeat` in the spool, for checks without HTTP; `nil` without a disk.
    let heartbeatFile: String?
    let startMarker: StartMarker?
    let clock: any MonotonicClock
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            // Concurrently: a slow name server must not look like a stalled worker.
            async let figures: Void = self.tellFigures()
            await self.watch()
            await figures
        }
    }

    private func tellFigures() async {
        guard let send = self.sendFigures else { return }
        while await self.clock.pause(Self.interval) {
            do { try await OwnThread.run(send) } catch { return }
        }
    }

    private func watch() async {
        var (wasReady, wasLive) = (false, true)
        // systemd recommends two notifications per period.
        let interval = self.systemd?.watchdog.map { min(Self.interval, $0 / 2) } ?? Self.interval
        var nextPoint = self.clock.now + History.interval
        repeat {
            let problems = self.problems()
            if problems.isEmpty != wasLive {
                wasLive = problems.isEmpty
                if wasLive {
                    self.logger.notice("the worker makes progress again")
                } else {
                    self.logger.critical(
                        "liveness check failing: no progress",
                        metadata: ["problems": .string(problems.joined(separator: "; "))])
                }
            }
            if !wasReady, self.isReady() {
                wasReady = true
                self.systemd?.send("READY=1\nSTATUS=consuming")
                self.startMarker?.remove()
            }
            if wasLive { self.systemd?.send("WATCHDOG=1") }
            await self.beat()
            if nextPoint <= self.clock.now {
                do { try await OwnThread.run(self.closePoint) } catch {
                    self.logger.debug("the spool cannot be listed", metadata: ["error": .string("\(error)")])
                }
                nextPoint += History.interval
            }
            // Until readiness, check often: a supervisor may be waiting for it.
        } while await self.clock.pause(wasReady ? interval : min(interval, .milliseconds(200)))
        self.systemd?.send("STOPPING=1")
        self.startMarker?.remove()
    }

    private func beat() async {
        guard let file = self.heartbeatFile else { return }
        do {
            try await OwnThread.run {
                try SpoolFile.replace(file, with: self.heartbeat().serialized() + [0x0A], isDurable: false)
            }
        } catch {
            self.logger.debug("the heartbeat file cannot be written", metadata: ["error": .string("\(error)")])
        }
    }
}
