internal import CZeroMQ
internal import GembaCausality
internal import GembaWire

/// Answers the library's questions about handshakes (ZAP, RFC 27).
///
/// It never answers 400 or 500: a library that gets one stops dialling for ever, and the key that is refused today may
/// be a member tomorrow. A refused handshake gets 300, which the dialler sees as a broken connection.
final class HandshakeDesk {
    let socket: Socket

    init(in context: Context) throws(LibraryError) {
        socket = try Socket(context, ZMQ_REP)
        do throws(LibraryError) {
            try socket.set(ZMQ_LINGER, SocketProfile.lingerMilliseconds)
            try socket.bind("inproc://zeromq.zap.01")
        } catch {
            socket.close()
            throw error
        }
    }

    /// Answers what is asked now.
    ///
    /// `admit` is given a key and the address that it comes from, and returns the number of a handshake that succeeds, or nil
    /// to refuse it.
    func answer(_ admit: (TransportKey, String) -> UInt64?) throws(LibraryError) {
        for _ in 0..<SocketProfile.turn {
            guard let request = try socket.receive() else { return }
            _ = try socket.send(parts: Self.reply(to: request, admit))
        }
    }

    /// The parts of an answer: version, request id, status, text, user id, metadata (RFC 27, section 4.3).
    static func reply(to request: [[UInt8]], _ admit: (TransportKey, String) -> UInt64?) -> [[UInt8]] {
        let version = Array("1.0".utf8)
        let identifier = request.count > 1 ? request[1] : []
        // Version, request id, domain, address, identity, mechanism, and the key as CURVE's only credential.
        guard request.count == 7, request[0] == version, request[5] == Array("CURVE".utf8),
            request[2] == Array(SocketProfile.domain.utf8), let key = TransportKey(bytes: request[6]),
            let handshake = admit(key, String(decoding: request[3], as: UTF8.self))
        else { return [version, identifier, Array("300".utf8), Array("not now".utf8), [], []] }
        let metadata = property(Doorkeeper.handshakeProperty, "\(handshake)")
        return [version, identifier, Array("200".utf8), [], Array(key.description.utf8), metadata]
    }

    /// A property as ZMTP writes it: one byte of length and the name, four bytes of length and the value (RFC 23).
    private static func property(_ name: String, _ value: String) -> [UInt8] {
        [UInt8(name.utf8.count)] + Array(name.utf8)
            + withUnsafeBytes(of: UInt32(value.utf8.count).bigEndian) { Array($0) } + Array(value.utf8)
    }
}
