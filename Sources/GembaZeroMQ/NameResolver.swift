internal import Foundation
internal import Synchronization

/// Looks host names up, away from the threads that links need: where no name server answers, a look-up takes half a
/// minute, and inside libzmq it would hold up the heartbeats of every link.
final class NameResolver: Sendable {
    private enum LookUp {
        case running
        case done([String])
    }

    private let lookUps = Mutex<[String: LookUp]>([:])
    private let onDone: @Sendable () -> Void

    /// - Parameter onDone: called, on some thread, whenever ``addresses(of:)`` has something new.
    init(onDone: @escaping @Sendable () -> Void) {
        self.onDone = onDone
    }

    /// The addresses of a host, none when it has none or nobody knows; nil while they are being looked up.
    ///
    /// An answer is given once, and asking again looks them up again.
    func addresses(of host: String) -> [String]? {
        let mustStart = lookUps.withLock { lookUps -> Bool in
            guard lookUps[host] == nil else { return false }
            lookUps[host] = .running
            return true
        }
        if mustStart {
            // A name that takes long keeps its thread, but no name has more than one.
            let thread = Thread { [self] in
                let found = Self.lookUp(host)
                lookUps.withLock { $0[host] = .done(found) }
                onDone()
            }
            thread.name = "gemba-names"
            thread.start()
        }
        return lookUps.withLock { lookUps in
            guard case .done(let addresses) = lookUps[host] else { return nil }
            lookUps[host] = nil
            return addresses
        }
    }

    /// IPv4 addresses and bracketed IPv6 addresses, in the system's order of preference (RFC 6724).
    private static func lookUp(_ host: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        return sequence(first: first) { $0?.pointee.ai_next }.prefix { $0 != nil }.compactMap { entry in
            guard let entry = entry?.pointee else { return nil }
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            guard
                getnameinfo(
                    entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            else { return nil }
            let address = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            return entry.ai_family == AF_INET6 ? "[\(address)]" : address
        }
    }
}
