internal import CCurl
internal import Dispatch
internal import Foundation
internal import Glibc
internal import Support
internal import Synchronization

/// Runs all of the worker's HTTP: libcurl's multi interface on one dedicated thread, started by the first command.
///
/// libcurl requires all calls on one thread; others only post commands, which wake it. A peer can at worst end one
/// request: deadlines, sizes and completeness are enforced here, and FoundationNetworking never parses its bytes.
///
/// Swift tasks may run on the thread, too (`withTaskExecutorPreference`), which saves waking another thread for each
/// request and response. Such tasks must not block: no request progresses meanwhile.
package final class HTTPEngine: TaskExecutor, Sendable {
    enum Command: Sendable {
        case start(HTTPTransfer)
        case cancel(HTTPTransfer)
        /// The reader of a stream has room again.
        case resume(HTTPTransfer)
        /// A job of a Swift task.
        case run(UnownedJob)
    }

    /// Unchecked: libcurl allows waking from any thread; done under the lock, so never with a freed handle.
    private struct Waker: @unchecked Sendable {
        let multi: UnsafeMutableRawPointer
        func wake() { curl_multi_wakeup(self.multi) }
    }

    private struct Mailbox {
        var commands: [Command] = []
        /// Set while the thread runs.
        var waker: Waker?
        var thread: pthread_t?
        var hasBegun = false
        var isStopping = false
    }

    private let mailbox = Mutex(Mailbox())
    private let ended = Latch()

    package init() {}

    /// For commands and tests; lives until the process ends.
    package static let shared = HTTPEngine()

    /// Ends all requests, closes all connections and ends the thread. Later requests fail immediately.
    package func stop() {
        let hasBegun = self.mailbox.withLock { mailbox in
            mailbox.isStopping = true
            mailbox.waker?.wake()
            return mailbox.hasBegun
        }
        if !hasBegun { self.ended.open() }
    }

    /// Afterwards nothing of the engine runs, except for name resolutions that the system cannot cancel.
    package func waitUntilStopped() async { await self.ended.wait() }

    func post(_ command: Command) {
        let isTaken = self.mailbox.withLock { mailbox in
            guard !mailbox.isStopping else { return false }
            mailbox.commands.append(command)
            if !mailbox.hasBegun {
                mailbox.hasBegun = true
                Thread { [self] in self.main() }.start()
            } else if mailbox.commands.count == 1, mailbox.thread != pthread_self() {
                mailbox.waker?.wake()
            }
            return true
        }
        if !isTaken { self.refuse(command) }
    }

    package func enqueue(_ job: consuming ExecutorJob) { self.post(.run(UnownedJob(job))) }

    /// The thread has ended or is ending: ends transfers here, and moves tasks to another executor.
    private func refuse(_ command: Command) {
        switch command {
        case .start(let transfer): transfer.end(CURLE_OK, .engineStopped)
        case .run(let job):
            DispatchQueue.global().async { [self] in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        case .cancel, .resume: break
        }
    }

    /// Time since the event loop last ran.
    package var age: Duration { self.lastTick.withLock { .now - $0 } }
    private let lastTick = Mutex(ContinuousClock.now)
    /// Maximum time between two runs of the event loop.
    private static let longestWait = Duration.seconds(10)

    /// Once per process; other callers do no harm.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private func main() {
        // Writing TLS to a closed connection raises SIGPIPE, which libcurl leaves to us.
        var broken = sigset_t()
        sigemptyset(&broken)
        sigaddset(&broken, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &broken, nil)
        guard Self.isLibraryReady, let multi = curl_multi_init(), let streams = ccurl_share_new() else {
            fatalError("there is no memory for libcurl")
        }
        // By default libcurl caches four per request in flight: each lull would close connections needed again soon.
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 256)
        Thread.current.name = "http"
        let loop = HTTPLoop(multi, streams: streams, self.asUnownedTaskExecutor())
        let waker = Waker(multi: multi)
        self.mailbox.withLock { mailbox in
            mailbox.waker = waker
            mailbox.thread = pthread_self()
        }
        while true {
            let (commands, isStopping) = self.takeCommands()
            loop.perform(commands)
            if isStopping { break }
            loop.turn()
            self.lastTick.withLock { $0 = .now }
            // Commands posted by this thread itself do not wake it.
            if self.mailbox.withLock({ $0.commands.isEmpty }) { loop.wait(atMost: Self.longestWait) }
        }
        loop.stop()
        self.mailbox.withLock { mailbox in
            mailbox.waker = nil
            mailbox.thread = nil
        }
        // Closing a connection calls its service, so keep those alive.
        withExtendedLifetime(loop) { loop.close() }
        self.ended.open()
    }

    private func takeCommands() -> ([Command], isStopping: Bool) {
        self.mailbox.withLock { mailbox in
            defer { mailbox.commands.removeAll(keepingCapacity: true) }
            return (mailbox.commands, mailbox.isStopping)
        }
    }
}

/// The event loop: transfers in progress, and the next action. Lives on the engine's thread.
private final class HTTPLoop {
    private let multi: UnsafeMutableRawPointer
    private var underWay: [ObjectIdentifier: HTTPTransfer] = [:]
    /// The streams among them.
    private var streamsUnderWay: [ObjectIdentifier: HTTPTransfer] = [:]
    private var services: [ObjectIdentifier: HTTPService] = [:]
    /// A lower bound of all deadlines.
    private var nextDeadline: ContinuousClock.Instant?
    private var isStopping = false

    private let streams: UnsafeMutableRawPointer
    private let executor: UnownedTaskExecutor

    init(_ multi: UnsafeMutableRawPointer, streams: UnsafeMutableRawPointer, _ executor: UnownedTaskExecutor) {
        (self.multi, self.streams, self.executor) = (multi, streams, executor)
    }

    func perform(_ commands: [HTTPEngine.Command]) {
        for command in commands {
            switch command {
            case .start(let transfer): self.submit(transfer)
            case .run(let job): job.runSynchronously(on: self.executor)
            case .cancel(let transfer): self.end(transfer, CURLE_OK, .cancelled)
            case .resume(let transfer):
                guard transfer.isPaused, let handle = transfer.handle else { continue }
                transfer.resumed()
                self.watch(transfer)
                // Delivers buffered data immediately, and may pause again.
                curl_easy_pause(handle.easy, CURLPAUSE_CONT)
            }
        }
    }

    /// Lets libcurl make progress, and completes finished transfers.
    func turn() {
        var count: Int32 = 0
        curl_multi_perform(self.multi, &count)
        self.collect()
        // Their deadlines move with received data.
        for transfer in self.streamsUnderWay.values { self.watch(transfer) }
        let now = ContinuousClock.now
        if let deadline = self.nextDeadline, deadline <= now { self.endLate(now) }
    }

    /// Waits for I/O, a deadline or a wakeup.
    func wait(atMost limit: Duration) {
        let wait = min(limit, self.nextDeadline.map { $0 - .now } ?? limit)
        curl_multi_poll(self.multi, nil, 0, Int32(max(0, wait.milliseconds)), nil)
    }

    private func collect() {
        var code = CURLE_OK
        while let easy = ccurl_next_ended(self.multi, &code) {
            guard let context = ccurl_context(easy) else { continue }
            self.end(Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue(), code)
        }
    }

    private func submit(_ transfer: HTTPTransfer) {
        self.services[ObjectIdentifier(transfer.service)] = transfer.service
        if transfer.isCancelled { return transfer.end(CURLE_OK, .cancelled) }
        if let deadline = transfer.deadline, deadline <= .now { return transfer.end(CURLE_OK, .deadlinePassed) }
        self.watch(transfer)
        if self.hasRoom(transfer.service) {
            self.begin(transfer)
        } else {
            transfer.state = .waiting
            transfer.service.waiting.append(transfer)
        }
    }

    private func hasRoom(_ service: HTTPService) -> Bool { service.underWay < max(1, service.options.concurrency) }

    private func begin(_ transfer: HTTPTransfer) {
        let service = transfer.service
        guard let handle = HTTPHandle(transfer, streams: self.streams) else { return transfer.end(CURLE_OUT_OF_MEMORY) }
        transfer.state = .underWay(handle)
        service.underWay += 1
        self.underWay[ObjectIdentifier(transfer)] = transfer
        if transfer.isStream { self.streamsUnderWay[ObjectIdentifier(transfer)] = transfer }
        if let problem = handle.problem {
            self.remove(transfer, handle, problem)
        } else if curl_multi_add_handle(self.multi, handle.easy) != CURLM_OK {
            self.remove(transfer, handle, CURLE_FAILED_INIT)
        }
    }

    private func remove(
        _ transfer: HTTPTransfer, _ handle: HTTPHandle, _ code: CURLcode, _ abort: HTTPTransfer.Abort? = nil
    ) {
        self.underWay[ObjectIdentifier(transfer)] = nil
        if transfer.isStream { self.streamsUnderWay[ObjectIdentifier(transfer)] = nil }
        // Also valid for a handle that could not be added: it only returns an error.
        curl_multi_remove_handle(self.multi, handle.easy)
        transfer.end(code, abort)
        transfer.service.underWay -= 1
    }

    private func end(_ transfer: HTTPTransfer, _ code: CURLcode, _ abort: HTTPTransfer.Abort? = nil) {
        let service = transfer.service
        switch transfer.state {
        // Cancelled before submission: handled on submission.
        case .new, .ended: return
        case .waiting:
            service.waiting.removeAll { $0 === transfer }
            transfer.end(code, abort)
        case .underWay(let handle):
            self.remove(transfer, handle, code, abort)
            while !service.waiting.isEmpty, self.hasRoom(service), !self.isStopping {
                self.begin(service.waiting.removeFirst())
            }
        }
    }

    private func watch(_ transfer: HTTPTransfer) {
        guard let deadline = transfer.deadline else { return }
        self.nextDeadline = self.nextDeadline.map { min($0, deadline) } ?? deadline
    }

    private func endLate(_ now: ContinuousClock.Instant) {
        let all = Array(self.underWay.values) + self.services.values.flatMap(\.waiting)
        self.nextDeadline = all.compactMap { $0.deadline.flatMap { $0 > now ? $0 : nil } }.min()
        for transfer in all where transfer.deadline.map({ $0 <= now }) ?? false {
            let service = transfer.service
            if case .underWay = transfer.state, service.options.isMultiplexed, service.lastHeard < transfer.started {
                service.shutConnections()
            }
            self.end(transfer, CURLE_OK, .deadlinePassed)
        }
    }

    func stop() {
        self.isStopping = true
        for transfer in Array(self.underWay.values) + self.services.values.flatMap(\.waiting) {
            self.end(transfer, CURLE_OK, .engineStopped)
        }
    }

    package func close() {
        curl_multi_cleanup(self.multi)
        curl_share_cleanup(self.streams)
    }
}
