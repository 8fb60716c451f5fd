internal import CRabbitMQ
internal import Foundation
internal import Glibc
internal import Support
internal import Synchronization

/// The protocol logic of a connection. Lives on the connection's thread, is called only there, and never blocks.
protocol ConnectionRole: AnyObject, SendableMetatype {
    /// Commands posted by other threads.
    associatedtype Command: Sendable

    /// Sets up a fresh connection.
    func connected(_ socket: AMQPSocket) throws(AMQPError)
    func handle(_ frame: AMQPFrame, _ socket: AMQPSocket) throws(AMQPError)
    /// `socket` is `nil` while there is no connection.
    func perform(_ command: Command, _ socket: AMQPSocket?) throws(AMQPError)
    /// When ``timeIsUp(_:_:)`` is due.
    var nextDeadline: ContinuousClock.Instant? { get }
    func timeIsUp(_ now: ContinuousClock.Instant, _ socket: AMQPSocket?) throws(AMQPError)
    /// Output is pending, so poll for writability.
    var hasOutput: Bool { get }
    func write(_ socket: AMQPSocket) throws(AMQPError)
    func disconnected(_ error: AMQPError, retryIn pause: Duration)
    /// The last call.
    func stopped()
}

/// Owns one thread and one connection: connects, polls, reconnects without limit.
///
/// librabbitmq requires all calls on one thread, and they block. Others post commands and wake it by an eventfd.
final class ConnectionThread<Role: ConnectionRole>: Sendable {
    private struct Mailbox {
        var commands: [Role.Command] = []
        var isStopping = false
        var isStopped = false
    }

    private static var framesAtATime: Int { 256 }

    private let endpoint: AMQPEndpoint
    private let makeRole: @Sendable () -> Role
    private let mailbox = Mutex(Mailbox())
    private let ended = Latch()
    private let wakeup = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))

    /// When the event loop last ran.
    private let lastTick = Mutex(ContinuousClock.now)

    /// Time since the event loop last ran: at most a quarter of a heartbeat, except while connecting.
    var age: Duration { self.lastTick.withLock { .now - $0 } }

    init(_ endpoint: AMQPEndpoint, makeRole: @escaping @Sendable () -> Role) {
        (self.endpoint, self.makeRole) = (endpoint, makeRole)
    }

    deinit { Glibc.close(self.wakeup) }

    func start(name: String) {
        Thread { [self] in
            // Set here, because a thread that has not started has no name.
            Thread.current.name = name
            self.main()
        }.start()
    }

    /// - Returns: `false` if the thread has ended: the command will not be performed.
    @discardableResult
    func post(_ command: Role.Command) -> Bool {
        let (isTaken, isFirst) = self.mailbox.withLock { mailbox in
            guard !mailbox.isStopped else { return (false, false) }
            mailbox.commands.append(command)
            return (true, mailbox.commands.count == 1)
        }
        if isFirst { eventfd_write(self.wakeup, 1) }
        return isTaken
    }

    /// Ends the thread after all commands posted so far.
    func stop() {
        self.mailbox.withLock { $0.isStopping = true }
        eventfd_write(self.wakeup, 1)
    }

    func waitUntilStopped() async { await self.ended.wait() }

    // MARK: On the thread

    private func main() {
        let role = self.makeRole()
        var backoff = Backoff(limit: self.endpoint.reconnectLimit)
        var random = SystemRandomNumberGenerator()
        var attempts = 0
        while !self.isStopping {
            let host = self.endpoint.hosts[attempts % max(1, self.endpoint.hosts.count)]
            attempts += 1
            var connectedAt: ContinuousClock.Instant?
            do throws(AMQPError) {
                let socket = try AMQPSocket.open(self.endpoint, host: host)
                socket.setUserTimeout(self.endpoint.heartbeat * 2)
                try role.connected(socket)
                connectedAt = .now
                try self.converse(role, socket)
                socket.close()
            } catch {
                // A connection that is lost right after it was made does not count as a success.
                if let connectedAt, .now - connectedAt > .seconds(10) { backoff.reset() }
                let pause = backoff.next(using: &random)
                role.disconnected(error, retryIn: pause)
                self.pause(role, for: pause)
            }
        }
        role.stopped()
        // Callers wait for commands already posted; later ones are rejected.
        let commands = self.mailbox.withLock { mailbox in
            mailbox.isStopped = true
            defer { mailbox.commands = [] }
            return mailbox.commands
        }
        // Without a socket nothing can fail.
        for command in commands { try? role.perform(command, nil) }
        self.ended.open()
    }

    private var isStopping: Bool { self.mailbox.withLock { $0.isStopping } }

    /// Returns when asked to stop; throws if the connection is lost.
    private func converse(_ role: Role, _ socket: AMQPSocket) throws(AMQPError) {
        while true {
            let isStopping = self.isStopping
            try self.performCommands(role, socket)
            if isStopping { return }
            // Bounded, so that a broker that never stops sending cannot starve everything else.
            for _ in 0..<Self.framesAtATime {
                guard let frame = try socket.nextFrame() else { break }
                if case .connectionClosed(let code, let text) = frame {
                    throw AMQPError("connection", refused: code, text)
                }
                try role.handle(frame, socket)
            }
            let now = ContinuousClock.now
            if let deadline = role.nextDeadline, deadline <= now { try role.timeIsUp(now, socket) }
            let canWrite = self.poll(
                socket: socket.fileDescriptor, forOutput: role.hasOutput,
                atMost: self.timeout(role, isIdle: !socket.hasBufferedInput))
            if canWrite { try role.write(socket) }
        }
    }

    /// At most half a heartbeat, so that librabbitmq can send its own heartbeats.
    private func timeout(_ role: Role, isIdle: Bool) -> Duration {
        guard isIdle else { return .zero }
        let limit = self.endpoint.heartbeat / 4
        guard let deadline = role.nextDeadline else { return limit }
        return max(.zero, min(limit, deadline - .now))
    }

    /// Waits without a connection, performing commands meanwhile.
    private func pause(_ role: Role, for pause: Duration) {
        let end = ContinuousClock.now + pause
        while !self.isStopping {
            // Without a socket nothing can fail.
            try? self.performCommands(role, nil)
            let now = ContinuousClock.now
            if let deadline = role.nextDeadline, deadline <= now { try? role.timeIsUp(now, nil) }
            guard now < end else { return }
            let wait = min(end - now, role.nextDeadline.map { max(.milliseconds(1), $0 - now) } ?? .seconds(3600))
            // In slices, so that the event loop does not appear stalled.
            _ = self.poll(socket: nil, forOutput: false, atMost: min(wait, self.endpoint.heartbeat / 4))
        }
    }

    private func performCommands(_ role: Role, _ socket: AMQPSocket?) throws(AMQPError) {
        self.lastTick.withLock { $0 = .now }
        let commands = self.mailbox.withLock { mailbox in
            defer { mailbox.commands = [] }
            return mailbox.commands
        }
        var failure: AMQPError?
        for command in commands {
            // After a failure, perform the rest without a connection: callers may wait for each of them.
            do throws(AMQPError) { try role.perform(command, failure == nil ? socket : nil) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// - Returns: whether `socket` is writable.
    private func poll(socket: Int32?, forOutput: Bool, atMost timeout: Duration) -> Bool {
        var fds = [
            pollfd(fd: self.wakeup, events: Int16(POLLIN), revents: 0),
            pollfd(fd: socket ?? -1, events: Int16(POLLIN | (forOutput ? POLLOUT : 0)), revents: 0),
        ]
        let milliseconds = (timeout / .milliseconds(1)).rounded(.up)
        let ready = Glibc.poll(&fds, nfds_t(fds.count), Int32(min(milliseconds, 60_000)))
        guard ready > 0 else { return false }
        if fds[0].revents != 0 {
            var count: eventfd_t = 0
            eventfd_read(self.wakeup, &count)
        }
        return Int32(fds[1].revents) & POLLOUT != 0
    }
}
