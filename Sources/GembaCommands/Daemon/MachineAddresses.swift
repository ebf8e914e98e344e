#if canImport(Glibc)
    import Glibc
#endif

/// The endpoints by which others reach this machine.
enum MachineAddresses {
    /// The endpoint, or where it listens on every address, one endpoint for each address that others can use.
    static func reachable(_ endpoint: String) -> [String] {
        for wildcard in ["tcp://0.0.0.0:", "tcp://*:", "tcp://[::]:"] where endpoint.hasPrefix(wildcard) {
            let port = endpoint.dropFirst(wildcard.count)
            let addresses = all(includingIPv6: wildcard.contains("[")).map { "tcp://\($0):\(port)" }
            return addresses.isEmpty ? ["tcp://127.0.0.1:\(port)"] : addresses
        }
        return [endpoint]
    }

    /// The addresses of interfaces that are up, without loopback and link-local ones; IPv4 first.
    static func all(includingIPv6: Bool) -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var version4: [String] = []
        var version6: [String] = []
        var next = list
        while let interface = next {
            next = interface.pointee.ifa_next
            let flags = interface.pointee.ifa_flags
            guard let address = interface.pointee.ifa_addr, flags & UInt32(IFF_UP) != 0,
                flags & UInt32(IFF_LOOPBACK) == 0
            else { continue }
            switch Int32(address.pointee.sa_family) {
            case AF_INET: text(of: address, MemoryLayout<sockaddr_in>.size).map { version4.append($0) }
            case AF_INET6 where includingIPv6:
                text(of: address, MemoryLayout<sockaddr_in6>.size)
                    .map { if !$0.hasPrefix("fe80") { version6.append("[\($0)]") } }
            default: break
            }
        }
        return version4 + version6
    }

    private static func text(of address: UnsafePointer<sockaddr>, _ length: Int) -> String? {
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(address, socklen_t(length), &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0 else {
            return nil
        }
        return String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
