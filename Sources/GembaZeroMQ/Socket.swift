internal import CZeroMQ
internal import Foundation

/// A libzmq socket, confined to the thread of its context: every call checks that.
final class Socket {
    /// What became of a message that was to be sent.
    enum Sent {
        case sent
        /// The queue is full.
        case full
        /// There is no such peer any more.
        case unreachable
    }

    let pointer: UnsafeMutableRawPointer
    private let context: Context
    private let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)
    private(set) var isClosed = false

    init(_ context: Context, _ kind: Int32) throws(LibraryError) {
        context.assertOwned()
        guard let pointer = zmq_socket(context.pointer, kind) else { throw .last("zmq_socket") }
        self.context = context
        self.pointer = pointer
    }

    deinit {
        precondition(isClosed, "a socket that is not closed keeps its context from ending")
        message.deallocate()
    }

    func close() {
        context.assertOwned()
        guard !isClosed else { return }
        isClosed = true
        zmq_close(pointer)
    }
}

// MARK: - Options and endpoints

extension Socket {
    func set(_ option: Int32, _ value: Int32) throws(LibraryError) {
        try check("zmq_setsockopt \(option)") {
            withUnsafeBytes(of: value) { zmq_setsockopt(pointer, option, $0.baseAddress, $0.count) }
        }
    }

    func set(_ option: Int32, wide value: Int64) throws(LibraryError) {
        try check("zmq_setsockopt \(option)") {
            withUnsafeBytes(of: value) { zmq_setsockopt(pointer, option, $0.baseAddress, $0.count) }
        }
    }

    func set(_ option: Int32, _ value: [UInt8]) throws(LibraryError) {
        try check("zmq_setsockopt \(option)") { zmq_setsockopt(pointer, option, value, value.count) }
    }

    func bind(_ endpoint: String) throws(LibraryError) {
        try check("zmq_bind \(endpoint)") { zmq_bind(pointer, endpoint) }
    }

    func connect(_ endpoint: String) throws(LibraryError) {
        try check("zmq_connect \(endpoint)") { zmq_connect(pointer, endpoint) }
    }

    /// The endpoint that was bound last, with its actual port.
    func lastEndpoint() throws(LibraryError) -> String {
        var text = [UInt8](repeating: 0, count: 1024)
        var length = text.count
        try check("zmq_getsockopt last endpoint") { zmq_getsockopt(pointer, ZMQ_LAST_ENDPOINT, &text, &length) }
        return String(decoding: text.prefix(max(length, 1) - 1), as: UTF8.self)
    }

    private func check(_ call: @autoclosure () -> String, _ body: () -> Int32) throws(LibraryError) {
        context.assertOwned()
        guard body() == 0 else { throw .last(call()) }
    }
}

// MARK: - Messages

extension Socket {
    /// Sends the parts, of which there is at least one, as one message, or nothing.
    ///
    /// Never waits.
    func send(parts: [[UInt8]]) throws(LibraryError) -> Sent {
        context.assertOwned()
        for (index, part) in parts.enumerated() {
            let more = index < parts.count - 1 ? ZMQ_SNDMORE : 0
            while zmq_send(pointer, part, part.count, ZMQ_DONTWAIT | more) < 0 {
                switch zmq_errno() {
                case EINTR: continue
                // A socket decides about a whole message at its first part.
                case EAGAIN where index == 0: return .full
                case EHOSTUNREACH where index == 0: return .unreachable
                default: throw .last("zmq_send")
                }
            }
        }
        return .sent
    }

    /// The next message with all its parts, or nil when none is there.
    ///
    /// Never waits.
    func receive() throws(LibraryError) -> [[UInt8]]? {
        try receiveParts { _ in }
    }

    /// The next message and where it came from, or nil when none is there.
    ///
    /// Never waits.
    func receiveWithOrigin() throws(LibraryError) -> (parts: [[UInt8]], origin: Origin)? {
        var origin = Origin()
        let parts = try receiveParts { origin = Origin(of: $0) }
        return parts.map { ($0, origin) }
    }

    /// - Parameter inspect: sees the last part before it is closed. The first one may lack its properties, where the
    ///   socket made it up itself.
    private func receiveParts(
        _ inspect: (UnsafeMutablePointer<zmq_msg_t>) -> Void
    ) throws(LibraryError) -> [[UInt8]]? {
        context.assertOwned()
        var parts: [[UInt8]] = []
        while true {
            zmq_msg_init(message)
            guard zmq_msg_recv(message, pointer, ZMQ_DONTWAIT) >= 0 else {
                switch zmq_errno() {
                case EINTR: continue
                case EAGAIN: return nil
                default: throw .last("zmq_msg_recv")
                }
            }
            defer { zmq_msg_close(message) }
            parts.append(Array(UnsafeRawBufferPointer(start: zmq_msg_data(message), count: zmq_msg_size(message))))
            guard zmq_msg_more(message) == 0 else { continue }
            inspect(message)
            return parts
        }
    }
}

/// Where a message came from, as the library and the doorkeeper vouch for it.
struct Origin {
    /// What the doorkeeper said of the key that the sender proved to hold.
    var user: String?
    /// The number that the doorkeeper gave the handshake.
    var handshake: UInt64?
    /// The descriptor of the connection.
    var descriptor: Int32?
}

extension Origin {
    fileprivate init(of message: UnsafeMutablePointer<zmq_msg_t>) {
        user = zmq_msg_gets(message, "User-Id").map { String(cString: $0) }
        handshake = zmq_msg_gets(message, Doorkeeper.handshakeProperty).flatMap { UInt64(String(cString: $0)) }
        let number = zmq_msg_get(message, ZMQ_SRCFD)
        descriptor = number < 0 ? nil : number
    }
}
