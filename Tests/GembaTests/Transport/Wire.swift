import Foundation
import Synchronization

/// A network between a dialler and a listener of this machine that can be cut, frozen and mended.
final class Wire: Sendable {
    enum Condition: Sendable {
        case open
        /// Connections are closed, and new ones are closed at once.
        case cut
        /// Nothing passes, and nobody is told.
        case frozen
        /// Some twenty megabytes a second pass.
        case slow
    }

    private let condition = Mutex(Condition.open)
    private let isEnding = Atomic(false)
    private let carried = Atomic(0)
    private let target: UInt16
    private let listener: Int32
    /// Where to dial instead of the target.
    let endpoint: String

    /// A wire to the port of `endpoint`.
    init(to endpoint: String) throws {
        target = UInt16(endpoint.split(separator: ":").last ?? "") ?? 0
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = RawConnection.loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let isBound = withUnsafeMutablePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw POSIXError(.EADDRINUSE) }
        self.endpoint = "tcp://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        Thread { [self] in carry() }.start()
    }

    /// What has passed so far, both ways.
    var bytesCarried: Int { carried.load(ordering: .relaxed) }

    func set(_ condition: Condition) { self.condition.withLock { $0 = condition } }

    /// Ends the wire and its thread.
    func end() { isEnding.store(true, ordering: .relaxed) }

    private func carry() {
        var peers: [Int32: Int32] = [:]
        defer { for end in Array(peers.keys) + [listener] { close(end) } }
        while !isEnding.load(ordering: .relaxed) {
            let condition = condition.withLock { $0 }
            if condition == .cut {
                for end in peers.keys { close(end) }
                peers = [:]
            }
            var items = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
            if condition != .frozen { items += peers.keys.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) } }
            guard poll(&items, nfds_t(items.count), 5) > 0 else { continue }
            for item in items where item.revents != 0 {
                if item.fd == listener {
                    accept(into: &peers, condition)
                } else if let other = peers[item.fd], !forward(item.fd, other, condition) {
                    for end in [item.fd, other] {
                        close(end)
                        peers[end] = nil
                    }
                }
            }
        }
    }

    private func accept(into peers: inout [Int32: Int32], _ condition: Condition) {
        let near = Foundation.accept(listener, nil, nil)
        let far = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = RawConnection.loopback(port: target)
        let isConnected = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(far, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected, condition != .cut else {
            close(near)
            close(far)
            return
        }
        peers[near] = far
        peers[far] = near
    }

    private func forward(_ from: Int32, _ to: Int32, _ condition: Condition) -> Bool {
        if condition == .slow { usleep(3000) }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(from, &buffer, buffer.count, 0)
        guard count > 0 else { return false }
        carried.add(count, ordering: .relaxed)
        var sent = 0
        while sent < count {
            let written = buffer.withUnsafeBytes { buffer in
                send(to, buffer.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
            }
            guard written > 0 else { return false }
            sent += written
        }
        return true
    }
}
