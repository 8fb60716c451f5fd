internal import FoundationNetworking
internal import Synchronization

/// A response's body, in chunks, as it arrives. For one reader.
///
/// Backpressure stops the peer. Dropping the stream, or cancelling its reader, ends the request and, over HTTP/1.1,
/// its connection.
package struct HTTPStream: AsyncSequence, Sendable {
    private let handle: Handle

    init(_ buffer: Buffer, cancel: @escaping @Sendable () -> Void) { self.handle = Handle(buffer, cancel) }

    package func makeAsyncIterator() -> Iterator { Iterator(handle: self.handle) }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let handle: Handle

        /// - Returns: the next chunk; `nil` if the response is complete.
        package func next(isolation: isolated (any Actor)? = #isolation) async throws(HTTPError) -> [UInt8]? {
            try await self.handle.next()
        }
        package func next() async throws(HTTPError) -> [UInt8]? { try await self.handle.next() }
    }

    /// Ends the request when the last reference is gone.
    fileprivate final class Handle: Sendable {
        private let buffer: Buffer
        private let cancel: @Sendable () -> Void

        init(_ buffer: Buffer, _ cancel: @escaping @Sendable () -> Void) {
            (self.buffer, self.cancel) = (buffer, cancel)
        }

        deinit { self.cancel() }

        func next() async throws(HTTPError) -> [UInt8]? {
            let result = await withTaskCancellationHandler {
                await self.buffer.next()
            } onCancel: {
                self.cancel()
            }
            return try result.get()
        }
    }

    /// The buffer between the engine, which fills it, and the reader.
    final class Buffer: Sendable {
        private struct State {
            var pieces: [[UInt8]] = []
            var bytes = 0
            /// The engine holds back further data.
            var isFull = false
            var end: Result<[UInt8]?, HTTPError>?
            var reader: CheckedContinuation<Result<[UInt8]?, HTTPError>, Never>?
            var onHead: (@Sendable (Result<HTTPURLResponse, HTTPError>) -> Void)?
        }

        /// Maximum bytes buffered while nothing is read.
        private static let limit = 256 << 10

        private let state: Mutex<State>
        private let onRoom = Mutex<(@Sendable () -> Void)?>(nil)

        init(onHead: @escaping @Sendable (Result<HTTPURLResponse, HTTPError>) -> Void) {
            self.state = Mutex(State(onHead: onHead))
        }

        /// - Parameter body: requests the data that the engine holds back.
        func whenRoom(_ body: @escaping @Sendable () -> Void) { self.onRoom.withLock { $0 = body } }

        func begin(_ response: HTTPURLResponse) { self.takeOnHead()?(.success(response)) }

        private func takeOnHead() -> (@Sendable (Result<HTTPURLResponse, HTTPError>) -> Void)? {
            self.state.withLock { state in
                defer { state.onHead = nil }
                return state.onHead
            }
        }

        /// - Returns: `false` if there is no room: offer it again.
        func offer(_ bytes: UnsafeRawBufferPointer) -> Bool {
            let (isTaken, reader) = self.state.withLock {
                state -> (Bool, CheckedContinuation<Result<[UInt8]?, HTTPError>, Never>?) in
                if let reader = state.reader {
                    state.reader = nil
                    return (true, reader)
                }
                guard state.bytes < Self.limit else {
                    state.isFull = true
                    return (false, nil)
                }
                state.pieces.append([UInt8](bytes))
                state.bytes += bytes.count
                return (true, nil)
            }
            reader?.resume(returning: .success([UInt8](bytes)))
            return isTaken
        }

        /// - Parameter error: `nil` if the response is complete.
        func end(_ error: HTTPError?) {
            let end: Result<[UInt8]?, HTTPError> = error.map { .failure($0) } ?? .success(nil)
            if let error { self.takeOnHead()?(.failure(error)) }
            // It retains the transfer, which retains this buffer.
            self.onRoom.withLock { $0 = nil }
            self.state.withLock { state in
                state.end = end
                defer { state.reader = nil }
                return state.reader
            }?.resume(returning: end)
        }

        func next() async -> Result<[UInt8]?, HTTPError> {
            await withCheckedContinuation { continuation in
                let (result, hasRoom) = self.state.withLock { state -> (Result<[UInt8]?, HTTPError>?, Bool) in
                    guard !state.pieces.isEmpty else {
                        if let end = state.end { return (end, false) }
                        precondition(state.reader == nil, "a stream has one reader")
                        state.reader = continuation
                        return (nil, false)
                    }
                    let piece = state.pieces.removeFirst()
                    state.bytes -= piece.count
                    let hasRoom = state.isFull && state.bytes < Self.limit / 2
                    if hasRoom { state.isFull = false }
                    return (.success(piece), hasRoom)
                }
                if hasRoom { self.onRoom.withLock { $0 }?() }
                if let result { continuation.resume(returning: result) }
            }
        }
    }
}
