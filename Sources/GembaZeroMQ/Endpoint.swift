internal import Foundation
internal import GembaNode

/// Where a node listens or is dialled: `tcp://HOST:PORT` or `ipc://PATH`.
///
/// These are the two kinds that can be both encrypted and cut. What else the library understands, such as an address to
/// dial from, is refused, because endpoints come from other stations too.
struct Endpoint: Hashable {
    enum Kind: Hashable {
        case tcp(host: String, port: String)
        case ipc(path: String)
    }

    /// The endpoint as it was given.
    let text: String
    let kind: Kind

    /// Creates an endpoint, or nil when `text` is not one.
    init?(_ text: String) {
        guard let scheme = text.range(of: "://"), text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else { return nil }
        let rest = text[scheme.upperBound...]
        switch text[..<scheme.lowerBound] {
        case "ipc" where !rest.isEmpty:
            kind = .ipc(path: String(rest))
        case "tcp":
            guard let colon = rest.lastIndex(of: ":"), colon > rest.startIndex, !rest.contains(";"),
                UInt16(rest[rest.index(after: colon)...]) != nil
            else { return nil }
            let host = rest[..<colon]
            // The colons of an IPv6 address stand in brackets, or its last group would be taken for the port.
            guard host.contains(":") == (host.hasPrefix("[") && host.hasSuffix("]")) else { return nil }
            kind = .tcp(host: String(host), port: String(rest[rest.index(after: colon)...]))
        default:
            return nil
        }
        self.text = text
    }

    /// Whether the host is an IPv6 address, which sockets use only when they are told to.
    var isIPv6: Bool {
        if case .tcp(let host, _) = kind { host.hasPrefix("[") } else { false }
    }

    /// The name that must be looked up before this endpoint can be dialled; nil when there is none.
    var hostName: String? {
        guard case .tcp(let host, _) = kind, !isIPv6 else { return nil }
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1 ? nil : host
    }

    /// The same port at another host, which is an IPv4 address or a bracketed IPv6 address.
    func at(_ address: String) -> Endpoint? {
        guard case .tcp(_, let port) = kind else { return nil }
        return Endpoint("tcp://\(address):\(port)")
    }
}

// MARK: - Listening

extension Endpoint {
    /// Binds a socket.
    /// - Returns: the endpoint with its actual port.
    func bind(_ socket: Socket) throws(TransportError) -> String {
        try refuseTakenPath()
        do throws(LibraryError) {
            try SocketProfile.applyAddressing(of: self, to: socket)
            try socket.bind(text)
            closePathToOthers()
            return try socket.lastEndpoint()
        } catch {
            switch error.number {
            case EADDRINUSE: throw inUse
            case EADDRNOTAVAIL, ENODEV, EACCES, EPERM:
                throw TransportError(
                    code: .addressUnavailable,
                    message: "this program may not listen at \(text) (\(error)); choose an address of this machine "
                        + "and a port or path that it may use")
            default:
                throw TransportError(
                    code: .invalidEndpoint,
                    message: "cannot listen at \(text) (\(error)); an endpoint is tcp://ADDRESS:PORT or ipc://PATH")
            }
        }
    }

    private var inUse: TransportError {
        TransportError(
            code: .addressInUse, message: "another program listens at \(text); stop it or choose another endpoint")
    }

    /// Refuses a path that somebody listens at.
    ///
    /// The library would silently take it away from them.
    private func refuseTakenPath() throws(TransportError) {
        guard let address = localAddress else { return }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard probe >= 0 else { return }
        defer { close(probe) }
        let isTaken = withUnsafePointer(to: address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(probe, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard !isTaken else { throw inUse }
    }

    /// Keeps other users of the machine from even knocking.
    private func closePathToOthers() {
        if case .ipc(let path) = kind, localAddress != nil { chmod(path, 0o600) }
    }

    /// The address of a path in the file system; nil for TCP, a name outside the file system, or one that is too long.
    private var localAddress: sockaddr_un? {
        guard case .ipc(let path) = kind, !path.hasPrefix("@") else { return nil }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { buffer in
            guard path.utf8.count < buffer.count else { return false }
            buffer.copyBytes(from: path.utf8)
            return true
        }
        return fits ? address : nil
    }
}
