import Dispatch
import Foundation

/// Datagrams to a multicast group of IPv4, on every network that the machine is on, and no further: their time to live is 1.
///
/// `@unchecked Sendable`: everything mutable is touched only on `queue`.
public final class MulticastRadio: Radio, @unchecked Sendable {
    /// Administratively scoped (RFC 2365); see `Protocol/registry.md`.
    public static let group = "239.255.71.77"
    /// The port of the group.
    public static let port: UInt16 = 7709

    private let queue = DispatchQueue(label: "gemba.radio")
    private var descriptor: Int32 = -1
    /// The addresses of the networks on which the group was joined.
    private var joined: Set<UInt32> = []

    /// Makes a radio that neither hears nor sends before it runs.
    public init() {}

    /// Listens until the task is cancelled.
    ///
    /// - Throws: ``TransportError`` when the port cannot be had.
    public func run(onDatagram: @escaping @Sendable ([UInt8]) -> Void) async throws {
        let source = try queue.sync { try open(onDatagram) }
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
        queue.sync {
            source.cancel()
            descriptor = -1
            joined = []
        }
    }

    /// Sends a datagram on every network.
    public func send(_ datagram: [UInt8]) {
        queue.async { [self] in
            guard descriptor >= 0 else { return }
            var group = Self.address(Self.group, Self.port)
            for network in joinNetworks() {
                var interface = in_addr(s_addr: network)
                setsockopt(
                    descriptor, Int32(IPPROTO_IP), IP_MULTICAST_IF, &interface, socklen_t(MemoryLayout<in_addr>.size))
                _ = withUnsafePointer(to: &group) { pointer in
                    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(
                            descriptor, datagram, datagram.count, Int32(MSG_DONTWAIT), $0,
                            socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
            }
        }
    }

    private func open(_ onDatagram: @escaping @Sendable ([UInt8]) -> Void) throws -> any DispatchSourceRead {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        // Several nodes of one machine hear the same group.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var own = Self.address(Self.group, Self.port)
        let isBound = withUnsafePointer(to: &own) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard descriptor >= 0, isBound else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw TransportError(
                code: .addressInUse, message: "the port of beacons, \(Self.port), cannot be had (\(reason))")
        }
        self.descriptor = descriptor
        _ = joinNetworks()
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler {
            var buffer = [UInt8](repeating: 0, count: 2048)
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 { onDatagram(Array(buffer.prefix(count))) }
        }
        source.setCancelHandler { close(descriptor) }
        source.activate()
        return source
    }

    /// Joins the group on networks that are new, and returns all that the machine is on, the machine itself among them.
    private func joinNetworks() -> Set<UInt32> {
        let networks = Self.networks()
        for network in networks.subtracting(joined) {
            var membership = ip_mreq(
                imr_multiaddr: in_addr(s_addr: inet_addr(Self.group)), imr_interface: in_addr(s_addr: network))
            setsockopt(
                descriptor, Int32(IPPROTO_IP), IP_ADD_MEMBERSHIP, &membership, socklen_t(MemoryLayout<ip_mreq>.size))
        }
        joined = networks
        return networks
    }

    private static func networks() -> Set<UInt32> {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var networks: Set<UInt32> = []
        for interface in sequence(first: list, next: { $0?.pointee.ifa_next }) {
            guard let interface, interface.pointee.ifa_flags & UInt32(IFF_UP) != 0,
                let address = interface.pointee.ifa_addr, Int32(address.pointee.sa_family) == AF_INET
            else { continue }
            networks.insert(
                address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr.s_addr })
        }
        return networks
    }

    private static func address(_ host: String, _ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = inet_addr(host)
        return address
    }
}
