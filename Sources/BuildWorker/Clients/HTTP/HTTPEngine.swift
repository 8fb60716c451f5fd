internal import CCurl
internal import Dispatch
internal import Foundation
internal import Glibc
internal import Support
internal import Synchronization

/// Moves all HTTP of a worker: libcurl's multi interface on one thread of its own, which begins with the first command.
///
/// libcurl wants all calls on one thread. Others only post commands, which wake it. What a peer sends ends one request at worst:
/// deadlines, sizes and ends are kept here, and nothing of FoundationNetworking reads a byte of it.
///
/// Swift tasks may run on the thread, too (`withTaskExecutorPreference`): then neither a request nor its answer wakes another thread, which
/// costs as much as the request. Such tasks must not block: no request moves meanwhile.
package final class HTTPEngine: TaskExecutor, Sendable {
    enum Command: Sendable {
        case start(HTTPTransfer)
        case cancel(HTTPTransfer)
        /// The reader of a stream has room again.
        case resume(HTTPTransfer)
        /// A piece of a task.
        case run(UnownedJob)
    }

    /// Unchecked: waking up is what libcurl allows from any thread; it is done under the lock, so never with a handle that is gone.
    private struct Waker: @unchecked Sendable {
        let multi: UnsafeMutableRawPointer
        func wake() { curl_multi_wakeup(self.multi) }
    }

    private struct Mailbox {
        var commands: [Command] = []
        /// While the thread runs.
        var waker: Waker?
        var thread: pthread_t?
        var hasBegun = false
        var isStopping = false
    }

    private let mailbox = Mutex(Mailbox())
    private let ended = Latch()

    package init() {}

    /// For commands and tests, which end with the process.
    package static let shared = HTTPEngine()

    /// Ends what is under way, closes all connections and ends the thread. Later requests fail at once.
    package func stop() {
        let hasBegun = self.mailbox.withLock { mailbox in
            mailbox.isStopping = true
            mailbox.waker?.wake()
            return mailbox.hasBegun
        }
        if !hasBegun { self.ended.open() }
    }

    /// Nothing of the engine runs afterwards, but for a look-up of a name that the system does not give up.
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

    /// The thread has ended, or does so: a transfer ends where it is, and a task goes on elsewhere.
    private func refuse(_ command: Command) {
        switch command {
        case .start(let transfer): transfer.end(CURLE_OK, .engineStopped)
        case .run(let job):
            DispatchQueue.global().async { [self] in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
        case .cancel, .resume: break
        }
    }

    /// Since the thread last looked what there is to do.
    package var age: Duration { self.lastTick.withLock { .now - $0 } }
    private let lastTick = Mutex(ContinuousClock.now)
    /// The thread looks at least so often.
    private static let longestWait = Duration.seconds(10)

    /// Once a process, whoever else does it.
    private static let isLibraryReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private func main() {
        // A peer that is gone while TLS is written to it; libcurl leaves this to us, since it may set no handlers here.
        var broken = sigset_t()
        sigemptyset(&broken)
        sigaddset(&broken, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &broken, nil)
        guard Self.isLibraryReady, let multi = curl_multi_init(), let streams = ccurl_share_new() else {
            fatalError("there is no memory for libcurl")
        }
        // libcurl would keep four for each request under way, and close in every lull what is needed a moment later.
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
            // What this thread posts itself wakes nobody.
            if self.mailbox.withLock({ $0.commands.isEmpty }) { loop.wait(atMost: Self.longestWait) }
        }
        loop.stop()
        self.mailbox.withLock { mailbox in
            mailbox.waker = nil
            mailbox.thread = nil
        }
        // Its services are called for each connection that is closed.
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

/// The engine's side of the loop: which transfers are under way, and what is to be done next. Lives on the engine's thread.
private final class HTTPLoop {
    private let multi: UnsafeMutableRawPointer
    private var underWay: [ObjectIdentifier: HTTPTransfer] = [:]
    /// Of these, the streams.
    private var streamsUnderWay: [ObjectIdentifier: HTTPTransfer] = [:]
    private var services: [ObjectIdentifier: HTTPService] = [:]
    /// No deadline is earlier.
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
                // Hands over at once what it kept, and may pause again.
                curl_easy_pause(handle.easy, CURLPAUSE_CONT)
            }
        }
    }

    /// Lets libcurl do what can be done, and ends what has ended.
    func turn() {
        var count: Int32 = 0
        curl_multi_perform(self.multi, &count)
        self.collect()
        // Theirs move on with what they receive.
        for transfer in self.streamsUnderWay.values { self.watch(transfer) }
        let now = ContinuousClock.now
        if let deadline = self.nextDeadline, deadline <= now { self.endLate(now) }
    }

    /// Until there is something to be read or written, or a deadline, or somebody wakes it up.
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
        // Not one that could not be added, either: that is an error and no more.
        curl_multi_remove_handle(self.multi, handle.easy)
        transfer.end(code, abort)
        transfer.service.underWay -= 1
    }

    private func end(_ transfer: HTTPTransfer, _ code: CURLcode, _ abort: HTTPTransfer.Abort? = nil) {
        let service = transfer.service
        switch transfer.state {
        // Who is cancelled before being submitted is found so then.
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

    /// Ends everything.
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
