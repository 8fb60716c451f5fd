import TestSupport

extension Stage {
    /// Starts the worker again whenever it ends, as Kubernetes does but at once, until `isDone`.
    ///
    /// - Parameter spool: the directory of the next run.
    /// - Returns: all its runs; the last one still runs.
    func keepRunning(spool: () -> String, until isDone: () async throws -> Bool) async throws -> [WorkerProcess] {
        var runs = [try self.startWorker(["run"], ["SPOOL_DIRECTORY": spool()])]
        try await eventually("what the worker is kept running for") {
            if let last = runs.last, !last.child.isRunning {
                runs.append(try self.startWorker(["run"], ["SPOOL_DIRECTORY": spool()]))
            }
            return try await isDone()
        }
        return runs
    }
}
