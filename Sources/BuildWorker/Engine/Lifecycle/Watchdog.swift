internal import Logging
internal import ServiceLifecycle
internal import Spool
internal import Support

/// Looks after the worker every few seconds: is it alive? Says so to systemd and in a file, closes the charts' points, and sends
/// what statsd is to know.
struct Watchdog: Service {
    private static let interval = Duration.seconds(5)

    /// Why the worker makes no progress; empty while it does.
    let problems: @Sendable () -> [String]
    let isReady: @Sendable () -> Bool
    /// For the file.
    let heartbeat: @Sendable () -> JSONValue
    /// Blocks; `nil`: nobody wants them.
    let sendFigures: (@Sendable () -> Void)?
    /// When a point of the charts is over. Blocks.
    let closePoint: @Sendable () throws -> Void
    let systemd: SystemdNotifier?
    /// `heartbeat` in the spool, for a look from outside without HTTP; `nil` without a disk.
    let heartbeatFile: String?
    let startMarker: StartMarker?
    let clock: any MonotonicClock
    let logger: Logger

    func run() async {
        await cancelWhenGracefulShutdown {
            // Apart: a name server that is slow must not look like a worker that stands still.
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
        // systemd wants to hear it twice in its time.
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
            // Until it is ready somebody may be waiting for that.
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
