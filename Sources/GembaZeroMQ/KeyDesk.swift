internal import Dispatch
internal import Foundation
internal import GembaCausality
internal import GembaNode
internal import GembaWire

/// Tells diallers which transport key answers at an endpoint, and asks others the same.
///
/// CURVE wants the server's key before the first byte, and a station that enrolled before another did has never heard of
/// its key. So beside every TCP endpoint a node answers one question on the UDP port of the same number:
///
/// ```
/// inquiry = "gemba/who/1" plant nonce padding      ; 11 + 32 + 8 bytes, zeros up to 96
/// answer  = "gemba/key/1" nonce key                ; 11 + 8 + 32 bytes
/// ```
///
/// An answer is a hint and proves nothing. Whoever holds the key lands in the lobby, and has to show a roster that makes it
/// a member before anything else is said. An answer is shorter than its inquiry, so that the port amplifies nothing, and
/// only those who know the plant get one.
///
/// `@unchecked Sendable`: everything mutable is touched only on `queue`.
final class KeyDesk: @unchecked Sendable {
    private let plant: PlantID
    private let key: TransportKey
    private let report: @Sendable (TransportEvent) -> Void
    private let queue = DispatchQueue(label: "gemba.keys")
    private var sockets: [(descriptor: Int32, source: any DispatchSourceRead)] = []
    /// Endpoints asked about, by the nonce of the inquiry.
    private var asked: [UInt64: String] = [:]
    private var inquirer: [Int32: Int32] = [:]
    private var budget = KeyDesk.answersPerSecond
    private var budgetRenewed = DispatchTime.now()
    private var isClosed = false

    /// Answers a second, for all who ask: enough for every station of a plant that starts at once.
    private static let answersPerSecond = 64
    /// Inquiries whose answer may still come.
    private static let openInquiries = 64

    init(plant: PlantID, key: TransportKey, report: @escaping @Sendable (TransportEvent) -> Void) {
        self.plant = plant
        self.key = key
        self.report = report
    }

    /// Answers at the UDP port of a TCP endpoint, as far as it is free: the desk is a convenience.
    func open(at endpoint: String) {
        queue.async { [self] in
            guard !isClosed, case .tcp(let host, let port) = Endpoint(endpoint)?.kind else { return }
            let passive = host == "*" ? "0.0.0.0" : host
            guard let address = SocketAddress.resolve(host: passive, port: port) else { return }
            let descriptor = socket(address.family, Int32(SOCK_DGRAM.rawValue), 0)
            guard descriptor >= 0 else { return }
            guard address.withPointer({ Glibc.bind(descriptor, $0, $1) }) == 0 else {
                Glibc.close(descriptor)
                return
            }
            watch(descriptor) { [self] in answerInquiry(on: descriptor) }
        }
    }

    /// Asks who answers at an endpoint. An answer becomes a ``TransportEvent/hinted(endpoint:key:)``.
    func inquire(endpoint: String) {
        queue.async { [self] in
            guard !isClosed, case .tcp(let host, let port) = Endpoint(endpoint)?.kind,
                let address = SocketAddress.resolve(host: host, port: port),
                let descriptor = inquirySocket(family: address.family)
            else { return }
            if asked.count >= Self.openInquiries { asked.removeAll() }
            let nonce = UInt64.random(in: .min ... .max)
            asked[nonce] = endpoint
            let inquiry = KeyInquiry(plant: plant, nonce: nonce).encoded
            _ = address.withPointer { sendto(descriptor, inquiry, inquiry.count, 0, $0, $1) }
        }
    }

    func close() {
        queue.async { [self] in
            isClosed = true
            for (descriptor, source) in sockets {
                source.setCancelHandler { Glibc.close(descriptor) }
                source.cancel()
            }
            sockets.removeAll()
        }
    }

    // MARK: - Sockets

    private func inquirySocket(family: Int32) -> Int32? {
        if let descriptor = inquirer[family] { return descriptor }
        let descriptor = socket(family, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        inquirer[family] = descriptor
        watch(descriptor) { [self] in readAnswer(on: descriptor) }
        return descriptor
    }

    private func watch(_ descriptor: Int32, _ handler: @escaping () -> Void) {
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler(handler: handler)
        sockets.append((descriptor, source))
        source.activate()
    }

    private func answerInquiry(on descriptor: Int32) {
        var sender = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = withUnsafeMutablePointer(to: &sender) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT), $0, &length)
            }
        }
        guard count > 0, let inquiry = KeyInquiry(decoding: buffer.prefix(count)), inquiry.plant == plant, mayAnswer()
        else { return }
        let answer = KeyAnswer(nonce: inquiry.nonce, key: key).encoded
        withUnsafePointer(to: &sender) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, answer, answer.count, Int32(MSG_DONTWAIT), $0, length)
            }
        }
    }

    private func readAnswer(on descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        guard count > 0, let answer = KeyAnswer(decoding: buffer.prefix(count)),
            let endpoint = asked.removeValue(forKey: answer.nonce)
        else { return }
        report(.hinted(endpoint: endpoint, key: answer.key))
    }

    private func mayAnswer() -> Bool {
        let now = DispatchTime.now()
        if now.uptimeNanoseconds - budgetRenewed.uptimeNanoseconds >= 1_000_000_000 {
            budget = Self.answersPerSecond
            budgetRenewed = now
        }
        budget -= 1
        return budget >= 0
    }
}

/// Asks which key answers at an endpoint of a plant.
struct KeyInquiry: Hashable {
    var plant: PlantID
    var nonce: UInt64

    private static let tag = Array("gemba/who/1".utf8)
    private static let byteCount = 96

    init(plant: PlantID, nonce: UInt64) {
        self.plant = plant
        self.nonce = nonce
    }

    init?(decoding bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == Self.byteCount, bytes.starts(with: Self.tag), let plant = PlantID(bytes: bytes[11..<43])
        else { return nil }
        self.init(plant: plant, nonce: bytes[43..<51].reduce(0) { $0 << 8 | UInt64($1) })
    }

    var encoded: [UInt8] {
        let head = Self.tag + plant.bytes + withUnsafeBytes(of: nonce.bigEndian) { Array($0) }
        return head + Array(repeating: 0, count: Self.byteCount - head.count)
    }
}

/// Says which key answers.
struct KeyAnswer: Hashable {
    var nonce: UInt64
    var key: TransportKey

    private static let tag = Array("gemba/key/1".utf8)

    init(nonce: UInt64, key: TransportKey) {
        self.nonce = nonce
        self.key = key
    }

    init?(decoding bytes: some Collection<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == 51, bytes.starts(with: Self.tag), let key = TransportKey(bytes: bytes[19...]) else {
            return nil
        }
        self.init(nonce: bytes[11..<19].reduce(0) { $0 << 8 | UInt64($1) }, key: key)
    }

    var encoded: [UInt8] { Self.tag + withUnsafeBytes(of: nonce.bigEndian) { Array($0) } + key.bytes }
}

/// An address in the form that socket calls take.
struct SocketAddress {
    private var storage: sockaddr_storage
    private var length: socklen_t

    var family: Int32 { Int32(storage.ss_family) }

    /// Looks a host up; may take as long as the name server does.
    static func resolve(host: String, port: String) -> SocketAddress? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var found: UnsafeMutablePointer<addrinfo>?
        let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        guard getaddrinfo(bare, port, &hints, &found) == 0, let found else { return nil }
        defer { freeaddrinfo(found) }
        var storage = sockaddr_storage()
        let length = found.pointee.ai_addrlen
        guard let address = found.pointee.ai_addr, Int(length) <= MemoryLayout<sockaddr_storage>.size else {
            return nil
        }
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(length)))
        }
        return SocketAddress(storage: storage, length: length)
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
