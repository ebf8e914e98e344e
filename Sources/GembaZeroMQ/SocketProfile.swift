internal import CZeroMQ
internal import Foundation
internal import GembaCausality
internal import GembaNode
internal import GembaWire

/// How sockets are set, and why: the library's defaults let any host that reaches a port exhaust memory or time.
enum SocketProfile {
    /// What CURVE adds to a frame: the command's name, flags, a nonce and a tag (CurveZMQ, RFC 26: 8 + 1 + 8 + 16).
    static let curveOverhead = 33

    /// Nothing longer is held in memory, also before the handshake.
    ///
    /// Unset, one frame takes whatever its length claims.
    static let maximumMessageBytes = Int64(Limits.frameBytes + curveOverhead + countedExcess)

    /// The library ends the connection of a longer message without a word. One that is too long by no more than this comes
    /// through, and is refused and counted here.
    private static let countedExcess = 64 << 10

    /// Messages that a link's socket holds in each direction, beside the transport's own queue.
    ///
    /// Four of the greatest length are 4 MiB, and more would not speed up batches of a quarter of that.
    static let highWaterMark: Int32 = 4

    /// A connection that does not finish its handshake is closed; half-open ones cost descriptors.
    static let handshakeMilliseconds: Int32 = 2000

    /// A link that carries nothing is probed by the kernel so often, so that a dead one is noticed within seconds.
    ///
    /// The library's own heartbeats are off. Where a peer fills a socket's queue and then breaks the connection, the next one
    /// finds the connection in a state that libzmq holds impossible, and the process is aborted (4.3.4,
    /// `stream_engine_base_t::timer_event` calls `out_event` after an error that came while input was stopped). A peer that
    /// lives and says nothing is noticed by the session.
    static let probeSeconds: Int32 = 1

    /// A link is dead after so many probes without an answer, so that one lost packet does not end it.
    static let probes: Int32 = 3

    /// A link is dead, too, when what was sent stays without the kernel's acknowledgement for so long; by itself it would
    /// wait a quarter of an hour.
    static let unacknowledgedMilliseconds: Int32 = 3000

    /// An attempt to reach a host that does not answer ends after this; the kernel would try for minutes.
    static let connectMilliseconds: Int32 = 1500

    /// Waits between attempts to dial: soon after a short break, seldom during a long one.
    static let redialling = Duration.milliseconds(100) ... .milliseconds(2000)

    /// The library itself never dials again.
    ///
    /// A new socket for each attempt is what keeps frames of a broken link out of the next one, and the library would
    /// give up for ever where a server answers 400 or 500.
    static let reconnectNever: Int32 = -1

    /// Closing a socket drops what it has not sent: a send is a hint, and shutting down must not wait for a peer.
    static let lingerMilliseconds: Int32 = 0

    /// How long a connection outlives its link that this side closed, so that the reason reaches the peer.
    static let farewell = Duration.milliseconds(100)
    static let farewellMilliseconds: Int32 = 100

    /// With a domain that is enforced, a handshake without a working doorkeeper fails instead of passing.
    static let domain = "gemba"

    /// Connections that the kernel holds for us while the thread is busy.
    static let backlog: Int32 = 256

    /// With a single thread in the library, events of all connections come in the order in which they happened, which
    /// is what lets a descriptor stand for a connection.
    static let libraryThreads: Int32 = 1

    /// Three sockets for each dialled peer, and some of those that are being closed; the default of 1,023 would be
    /// reached at three hundred peers.
    static let maximumSockets: Int32 = 4096

    /// An attempt to dial has failed when it takes longer than connecting and shaking hands may.
    static let attempt = Duration.milliseconds(Int(connectMilliseconds + handshakeMilliseconds)) + .milliseconds(500)

    /// A link that lasted so long ends a row of failures.
    ///
    /// One that is cut at once does not, or a refused dialler would come back ten times a second for ever.
    static let lasting = Duration.seconds(2)

    /// An accepted connection that has not said anything within this is cut: a dialler speaks at once, and one that
    /// stays silent would hold its place without being counted anywhere.
    static let silence = Duration.seconds(5)

    /// How many files and connections the process may have open.
    static let descriptors: Int = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }()

    /// How often connections are looked over for silence and for messages without end.
    ///
    /// At the speed of a gigabit line, sixty megabytes may come in between; each look costs two system calls for each
    /// connection.
    static let inspection = Duration.milliseconds(500)

    /// How long to wait before a queue that was full is tried again.
    ///
    /// The library tells when *some* accepted link has room, not which.
    static let retry = Duration.milliseconds(5)

    /// Messages read from one socket before the others have their turn.
    static let turn = 64

    /// What both kinds of socket have in common.
    static func apply(to socket: Socket, secret: [UInt8], publicKey: TransportKey) throws(LibraryError) {
        try socket.set(ZMQ_MAXMSGSIZE, wide: maximumMessageBytes)
        try socket.set(ZMQ_SNDHWM, highWaterMark)
        try socket.set(ZMQ_RCVHWM, highWaterMark)
        try socket.set(ZMQ_HANDSHAKE_IVL, handshakeMilliseconds)
        try socket.set(ZMQ_TCP_KEEPALIVE, 1)
        try socket.set(ZMQ_TCP_KEEPALIVE_IDLE, probeSeconds)
        try socket.set(ZMQ_TCP_KEEPALIVE_INTVL, probeSeconds)
        try socket.set(ZMQ_TCP_KEEPALIVE_CNT, probes)
        try socket.set(ZMQ_TCP_MAXRT, unacknowledgedMilliseconds)
        try socket.set(ZMQ_LINGER, lingerMilliseconds)
        try socket.set(ZMQ_CURVE_SECRETKEY, secret)
        try socket.set(ZMQ_CURVE_PUBLICKEY, publicKey.bytes)
    }

    /// The socket that accepts links.
    ///
    /// Its routing ids are never taken from peers' claims, nor handed over: an enrolled thief could take another's.
    static func applyAccepting(to socket: Socket) throws(LibraryError) {
        try socket.set(ZMQ_BACKLOG, backlog)
        try socket.set(ZMQ_ROUTER_MANDATORY, 1)
        try socket.set(ZMQ_CURVE_SERVER, 1)
        try socket.set(ZMQ_ZAP_DOMAIN, Array(domain.utf8))
        try socket.set(ZMQ_ZAP_ENFORCE_DOMAIN, 1)
    }

    /// What depends on the kind of address.
    ///
    /// A socket that is told to use IPv6 would show IPv4 addresses mapped into it.
    static func applyAddressing(of endpoint: Endpoint, to socket: Socket) throws(LibraryError) {
        try socket.set(ZMQ_IPV6, endpoint.isIPv6 ? 1 : 0)
    }

    /// A socket that dials one peer once.
    static func applyDialling(to socket: Socket, peer: TransportKey) throws(LibraryError) {
        try socket.set(ZMQ_IMMEDIATE, 1)
        try socket.set(ZMQ_CONNECT_TIMEOUT, connectMilliseconds)
        try socket.set(ZMQ_RECONNECT_IVL, reconnectNever)
        try socket.set(ZMQ_CURVE_SERVERKEY, peer.bytes)
    }
}
