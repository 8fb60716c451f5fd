internal import Logging

/// Looks after the worker every few seconds: is it alive? Says so to systemd and in a file, closes the charts' points, and sends
/// what statsd is to know.
struct Watchdog: Sendable {
    private static let interval = Duration.seconds(5)

    let supervisor: Supervisor
    let statsd: StatsdMetrics?
    let systemd: SystemdNotifier?
    /// `heartbeat` in the spool, for a look from outside without HTTP; `nil` without a disk.
    let heartbeatFile: String?
    let startMarker: StartMarker?
    /// Counts the spool's jobs. Blocks.
    let lookAtSpool: @Sendable () throws -> Void
    let logger: Logger

    /// Until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            // Apart: a name server that is slow must not look like a worker that stands still.
            group.addTask { await self.sendFigures() }
            await self.watch()
            group.cancelAll()
        }
    }

    private func sendFigures() async {
        guard let statsd = self.statsd else { return }
        let send: @Sendable () -> Void = {
            self.supervisor.measure()
            statsd.flush()
        }
        while !Task.isCancelled {
            do {
                try await Task.sleep(for: Self.interval)
                try await OwnThread.run(send)
            } catch { return }
        }
    }

    private func watch() async {
        let clock = ContinuousClock()
        var next = clock.now
        var (wasReady, wasLive) = (false, true)
        // systemd wants to hear it twice in its time.
        let interval = self.systemd?.watchdog.map { min(Self.interval, $0 / 2) } ?? Self.interval
        var nextPoint = clock.now + History.interval
        while !Task.isCancelled {
            let problems = self.supervisor.liveness.problems
            if problems.isEmpty != wasLive {
                wasLive = problems.isEmpty
                if wasLive {
                    self.logger.notice("the worker makes progress again")
                } else {
                    self.logger.critical("the worker makes no progress: /livez says so, and whoever supervises it should restart it", metadata: ["problems": .string(problems.joined(separator: "; "))])
                }
            }
            let isReady = self.supervisor.health.hindrances.isEmpty
            if isReady, !wasReady {
                wasReady = true
                self.systemd?.send("READY=1\nSTATUS=consuming")
                self.startMarker?.remove()
            }
            if wasLive { self.systemd?.send("WATCHDOG=1") }
            self.beat(isLive: wasLive)
            if nextPoint <= clock.now {
                self.supervisor.history.turn()
                do { try await OwnThread.run(self.lookAtSpool) } catch { self.logger.debug("the spool cannot be listed", metadata: ["error": .string("\(error)")]) }
                nextPoint += History.interval
            }
            // Until it is ready somebody may be waiting for that.
            next = clock.now + (wasReady ? interval : min(interval, .milliseconds(200)))
            do { try await Task.sleep(until: next, clock: clock) } catch { break }
        }
        self.systemd?.send("STOPPING=1")
        self.startMarker?.remove()
    }

    private func beat(isLive: Bool) {
        guard let file = self.heartbeatFile else { return }
        do throws(SpoolError) {
            try SpoolFile.replace(file, with: self.supervisor.heartbeat.serialized() + [0x0A], isDurable: false)
        } catch {
            self.logger.debug("the heartbeat file cannot be written", metadata: ["error": .string(error.description)])
        }
    }
}

extension Supervisor {
    /// Members of ``document``, as many as a supervisor needs.
    var heartbeat: JSONValue {
        let wanted: Set = [
            "version", "host", "pid", "startedAt", "now", "ready", "live", "draining", "problems", "connections", "loops", "breakers", "unacked",
            "oldestUnackedSeconds", "timers",
        ]
        return .object((self.document.members ?? []).filter { wanted.contains($0.name) })
    }
}
