internal import CZeroMQ
internal import Foundation

/// A libzmq context, whose sockets all belong to the thread that made it.
final class Context {
    let pointer: UnsafeMutableRawPointer
    private let owner = pthread_self()
    private var lastName = 0

    init() throws(LibraryError) {
        guard let pointer = zmq_ctx_new() else { throw .last("zmq_ctx_new") }
        self.pointer = pointer
        guard zmq_ctx_set(pointer, ZMQ_MAX_SOCKETS, SocketProfile.maximumSockets) == 0,
            zmq_ctx_set(pointer, ZMQ_IO_THREADS, SocketProfile.libraryThreads) == 0
        else {
            let error = LibraryError.last("zmq_ctx_set")
            zmq_ctx_term(pointer)
            throw error
        }
    }

    /// Checks that the caller is on the thread that owns the context and its sockets, which libzmq requires and does
    /// not check itself.
    func assertOwned() {
        precondition(pthread_equal(owner, pthread_self()) != 0, "a socket was used outside the thread that owns it")
    }

    /// An address within the process that no other socket of this context has.
    func unusedAddress() -> String {
        lastName += 1
        return "inproc://gemba/\(lastName)"
    }

    /// Ends the context.
    ///
    /// Every socket must have been closed, or this would wait for them for ever.
    func terminate() {
        assertOwned()
        while zmq_ctx_term(pointer) != 0, zmq_errno() == EINTR {}
    }
}
