internal import CZeroMQ

/// Tells what happens to the connections of one socket.
final class Monitor {
    enum Event {
        case accepted(descriptor: Int32)
        case connected(descriptor: Int32)
        case handshakeSucceeded
        case disconnected(descriptor: Int32)
        /// A connection could not be made.
        case failed
    }

    /// The socket that events arrive at, to be polled.
    let events: Socket
    private let watched: Socket

    /// Watches `socket`, whose owner must close this before it.
    init(of socket: Socket, in context: Context) throws(LibraryError) {
        let address = context.unusedAddress()
        let wanted =
            ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_CONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED
            | ZMQ_EVENT_CLOSED
        watched = socket
        guard zmq_socket_monitor(socket.pointer, address, wanted) == 0 else { throw .last("zmq_socket_monitor") }
        events = try Socket(context, ZMQ_PAIR)
        do throws(LibraryError) {
            // The library's own thread writes events and would wait while the queue is full, holding a lock that
            // closing the socket needs: with a bound, the two threads could wait for each other.
            try events.set(ZMQ_RCVHWM, Int32(0))
            try events.set(ZMQ_LINGER, SocketProfile.lingerMilliseconds)
            try events.connect(address)
        } catch {
            close()
            throw error
        }
    }

    /// The next event, or nil when there is none.
    ///
    /// Never waits.
    func next() throws(LibraryError) -> Event? {
        while let parts = try events.receive() {
            guard let event = parts.first.flatMap(Self.decode) else { continue }
            return event
        }
        return nil
    }

    /// Ends the watch.
    ///
    /// The library's thread writes an event to a queue that nobody reads any more by waiting for ever, and with it stand
    /// all sockets of the context. So the watch ends before its reader goes.
    func close() {
        zmq_socket_monitor(watched.pointer, nil, 0)
        events.close()
    }

    /// Decodes the first part of an event: 16 bits of kind and 32 of value, in the machine's order (zmq_socket_monitor).
    private static func decode(_ part: [UInt8]) -> Event? {
        guard part.count == 6 else { return nil }
        let (kind, value) = part.withUnsafeBytes {
            ($0.loadUnaligned(as: UInt16.self), $0.loadUnaligned(fromByteOffset: 2, as: Int32.self))
        }
        return switch Int32(kind) {
        case ZMQ_EVENT_ACCEPTED: .accepted(descriptor: value)
        case ZMQ_EVENT_CONNECTED: .connected(descriptor: value)
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: .handshakeSucceeded
        case ZMQ_EVENT_DISCONNECTED: .disconnected(descriptor: value)
        case ZMQ_EVENT_CLOSED: .failed
        default: nil
        }
    }
}
