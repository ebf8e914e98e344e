import CZeroMQ
import Foundation
import GembaCausality
import GembaWire

@testable import GembaZeroMQ

/// Runs blocking work on a thread of its own, as sockets and hostile peers need.
func onOwnThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Swift.Result { try body() }) }.start()
    }
}

/// A dialler made of the bare library, which does what no honest one would.
struct RawPeer {
    let socket: Socket
    let monitor: Monitor

    enum Security {
        case none
        case curve(TransportKeyPair, server: TransportKey)
    }

    /// Runs `body` with a peer that dials `endpoint`.
    ///
    /// Call it on a thread of its own.
    static func with<Result>(
        _ endpoint: String, _ security: Security, routingID: String? = nil, _ body: (RawPeer) throws -> Result
    ) throws -> Result {
        let context = try Context()
        defer { context.terminate() }
        let socket = try Socket(context, ZMQ_DEALER)
        defer { socket.close() }
        try socket.set(ZMQ_LINGER, Int32(0))
        try socket.set(ZMQ_RECONNECT_IVL, Int32(-1))
        if let routingID { try socket.set(ZMQ_ROUTING_ID, Array(routingID.utf8)) }
        if case .curve(let keys, let server) = security {
            try socket.set(ZMQ_CURVE_SECRETKEY, keys.secret)
            try socket.set(ZMQ_CURVE_PUBLICKEY, keys.publicKey.bytes)
            try socket.set(ZMQ_CURVE_SERVERKEY, server.bytes)
        }
        let monitor = try Monitor(of: socket, in: context)
        defer { monitor.close() }
        try socket.connect(endpoint)
        return try body(RawPeer(socket: socket, monitor: monitor))
    }

    /// Whether the event comes in time.
    func saw(_ wanted: (Monitor.Event) -> Bool, within seconds: Double) throws -> Bool {
        try poll(for: seconds) {
            while let event = try monitor.next() { if wanted(event) { return true } }
            return false
        }
    }

    func shookHands() throws -> Bool {
        try saw({ if case .handshakeSucceeded = $0 { true } else { false } }, within: 10)
    }

    func wasCut(within seconds: Double = 10) throws -> Bool {
        try saw({ if case .disconnected = $0 { true } else { false } }, within: seconds)
    }

    /// Sends a message, waiting for room.
    func send(_ frame: [UInt8]) throws { try send(parts: [frame]) }

    /// Sends a message of several parts, waiting for room.
    func send(parts: [[UInt8]]) throws {
        guard try poll(for: 10, { try socket.send(parts: parts) == .sent }) else { throw POSIXError(.ETIMEDOUT) }
    }

    func receive(within seconds: Double = 10) throws -> [[UInt8]]? {
        var parts: [[UInt8]]?
        _ = try poll(for: seconds) {
            parts = try socket.receive()
            return parts != nil
        }
        return parts
    }

    private func poll(for seconds: Double, _ condition: () throws -> Bool) throws -> Bool {
        let deadline = ContinuousClock.now.advanced(by: .seconds(seconds))
        while ContinuousClock.now < deadline {
            if try condition() { return true }
            usleep(1000)
        }
        return false
    }
}

/// A TCP connection to an endpoint, without any protocol.
///
/// Call it on a thread of its own.
struct RawConnection {
    private let descriptor: Int32

    static func with<Result>(_ endpoint: String, _ body: (RawConnection) throws -> Result) throws -> Result {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = loopback(port: UInt16(endpoint.split(separator: ":").last ?? "") ?? 0)
        let isConnected = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { throw POSIXError(.ECONNREFUSED) }
        return try body(RawConnection(descriptor: descriptor))
    }

    static func loopback(port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    /// Writes the bytes, or as many as the other side takes before it closes.
    func write(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                send(descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Reads until the other side closes, for so long at most.
    func isClosed(within seconds: Int) -> Bool {
        var patience = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { return true }
            if count < 0 { return errno == ECONNRESET }
        }
    }
}
