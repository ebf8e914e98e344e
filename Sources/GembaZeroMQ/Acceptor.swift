internal import CZeroMQ
internal import Foundation
internal import GembaCausality
internal import GembaNode
internal import GembaWire

/// The side of links that peers dial: one ROUTER socket for all endpoints, and the doorkeeper at its door.
///
/// The library neither names the connections of such a socket nor drops one of them. So a link is known by the number
/// of its handshake, which every message carries; its end is noticed by its descriptor, which both messages and the
/// monitor tell; and it is cut by shutting that descriptor down (RULES S4).
final class Acceptor {
    /// A link that is up.
    private struct Link {
        let id: LinkID
        let handshake: UInt64
        let routingID: [UInt8]
        let descriptor: Int32
    }

    /// A connection that the kernel has, whether or not it has become a link.
    private struct Connection {
        /// When it is cut: unless it has become a link by then, or as one whose link has ended. Nil while it is a link, and
        /// once it was cut.
        var deadline: ContinuousClock.Instant?
        /// Invariant: a link of ``links``, or nil.
        var link: LinkID?
        var hasOpened = false
        /// Its link has ended, and it is kept for what was sent before.
        var isLeaving: Bool { hasOpened && link == nil }
        var intake: Intake
    }

    let socket: Socket
    let monitor: Monitor
    let desk: HandshakeDesk
    /// The endpoints that are listened on, with their actual ports.
    let endpoints: [String]
    /// Links whose frames did not fit their socket's queue.
    private(set) var blocked: Set<LinkID> = []

    private let mailbox: Mailbox
    private let report: (TransportEvent) -> Void
    private var doorkeeper: Doorkeeper
    private var links: [LinkID: Link] = [:]
    private var linkOfHandshake: [UInt64: LinkID] = [:]
    private var connections: [Int32: Connection] = [:]
    /// Invariant: how many of `connections` have a deadline.
    private var waitingConnections = 0
    /// Connections that may wait: an eighth of the descriptors that the process may have, for it needs them for links, too.
    private let mostWaiting = min(TransportLimits.waitingConnections, SocketProfile.descriptors / 8)
    private var nextInspection = ContinuousClock.now

    /// Binds the endpoints; all or none.
    init(
        _ configuration: Configuration, in context: Context, mailbox: Mailbox, doorkeeper: Doorkeeper,
        report: @escaping (TransportEvent) -> Void
    ) throws(TransportError) {
        self.mailbox = mailbox
        self.doorkeeper = doorkeeper
        self.report = report
        var opened: [() -> Void] = []
        do throws(TransportError) {
            // The desk comes first: a handshake that finds no desk fails.
            let desk = try TransportError.catching { () throws(LibraryError) in try HandshakeDesk(in: context) }
            opened.append(desk.socket.close)
            let socket = try TransportError.catching { () throws(LibraryError) in try Socket(context, ZMQ_ROUTER) }
            opened.append(socket.close)
            let monitor = try TransportError.catching { () throws(LibraryError) in
                try SocketProfile.apply(
                    to: socket, secret: configuration.secret, publicKey: configuration.publicKey)
                try SocketProfile.applyAccepting(to: socket)
                return try Monitor(of: socket, in: context)
            }
            opened.append(monitor.close)
            var endpoints: [String] = []
            for endpoint in configuration.listen { endpoints.append(try endpoint.bind(socket)) }
            (self.desk, self.socket, self.monitor, self.endpoints) = (desk, socket, monitor, endpoints)
        } catch {
            for close in opened.reversed() { close() }
            throw error
        }
    }

    /// When something must be done though nothing arrives.
    var deadline: ContinuousClock.Instant? { connections.isEmpty ? nil : nextInspection }

    /// Closes the sockets, after reporting the end of every link.
    func close() {
        for link in links.values { end(link) }
        monitor.close()
        socket.close()
        desk.socket.close()
    }
}

// MARK: - What arrives

extension Acceptor {
    /// Answers handshakes, and takes what connections and messages bring, up to a turn of each.
    func process(at now: ContinuousClock.Instant) throws(TransportError) {
        try TransportError.catching { () throws(LibraryError) in
            try desk.answer { doorkeeper.admit($0, from: $1, at: now) }
        }
        try watchConnections(at: now)
        try takeMessages()
        if nextInspection <= now { inspect(at: now) }
    }

    private func takeMessages() throws(TransportError) {
        for _ in 0..<SocketProfile.turn {
            let message = try TransportError.catching { () throws(LibraryError) in try socket.receiveWithOrigin() }
            guard let message else { return }
            try receive(message.parts, from: message.origin)
        }
    }

    private func watchConnections(at now: ContinuousClock.Instant) throws(TransportError) {
        while let event = try TransportError.catching({ () throws(LibraryError) in try monitor.next() }) {
            switch event {
            case .accepted(let descriptor):
                if waitingConnections >= mostWaiting { cutLongestWaiting() }
                setDeadline(nil, of: descriptor)
                connections[descriptor] = Connection(intake: Intake(descriptor: descriptor, at: now))
                setDeadline(now.advanced(by: SocketProfile.silence), of: descriptor)
            case .disconnected(let descriptor):
                // The last that a peer says is why it leaves.
                if connections[descriptor]?.link != nil { try takeMessages() }
                setDeadline(nil, of: descriptor)
                guard let connection = connections.removeValue(forKey: descriptor) else { break }
                if let link = connection.link.flatMap({ links[$0] }) { end(link) }
                if !connection.hasOpened { report(.refused(.connection)) }
            case .connected, .handshakeSucceeded, .failed:
                break
            }
        }
    }

    private func receive(_ parts: [[UInt8]], from origin: Origin) throws(TransportError) {
        guard let descriptor = origin.descriptor else {
            throw TransportError(
                code: .unsupportedLibrary,
                message: "libzmq does not tell the descriptor of a message (ZMQ_SRCFD), without which a revoked peer "
                    + "cannot be cut off; use libzmq 4.3")
        }
        // A handshake without a number was dismissed, and so was one that was cut while its last frames were on
        // their way.
        guard let handshake = origin.handshake,
            let link = linkOfHandshake[handshake].flatMap({ links[$0] })
                ?? open(handshake, parts[0], descriptor, origin.user)
        else { return }
        connections[descriptor]?.intake.noteMessage()
        // A message is a routing id and one frame. The dialler's first is empty and only opens the link.
        guard parts.count == 2, parts[1].count <= Limits.frameBytes else {
            report(.refused(.message))
            return cut(link)
        }
        if !parts[1].isEmpty { report(.received(link.id, parts[1])) }
    }

    private func open(_ handshake: UInt64, _ routingID: [UInt8], _ descriptor: Int32, _ user: String?) -> Link? {
        // Where the monitor has reported the connection's end already, its last messages open nothing. Nor do those of a peer
        // that was told goodbye.
        guard let connection = connections[descriptor], !connection.isLeaving else {
            doorkeeper.dismiss(handshake)
            return nil
        }
        if let holder = connection.link.flatMap({ links[$0] }) {
            // A descriptor is used again, so one of the two connections has ended: the one that shook hands first.
            guard holder.handshake < handshake else {
                doorkeeper.dismiss(handshake)
                return nil
            }
            end(holder)
        }
        guard let key = doorkeeper.seat(handshake), user == key.description else {
            doorkeeper.dismiss(handshake)
            disconnect(descriptor)
            return nil
        }
        let link = Link(id: .unused(), handshake: handshake, routingID: routingID, descriptor: descriptor)
        links[link.id] = link
        linkOfHandshake[handshake] = link.id
        setDeadline(nil, of: descriptor)
        connections[descriptor]?.hasOpened = true
        connections[descriptor]?.link = link.id
        mailbox.open(link.id)
        report(.opened(link.id, peer: key, direction: .accepted))
        return link
    }
}

// MARK: - What is sent

extension Acceptor {
    /// Sends what waits for a link, as far as its socket takes it.
    /// - Returns: false when it is not one of this side's links.
    func flush(_ id: LinkID) throws(LibraryError) -> Bool {
        guard let link = links[id] else { return false }
        blocked.remove(id)
        while let frame = mailbox.first(of: id) {
            switch try socket.send(parts: [link.routingID, frame]) {
            case .sent:
                if mailbox.removeFirst(of: id) { report(.writable(id)) }
            case .full:
                blocked.insert(id)
                return true
            case .unreachable:
                // The connection has ended, and its descriptor may be in use again.
                end(link)
                return true
            }
        }
        return true
    }
}

// MARK: - Ends

extension Acceptor {
    /// Ends a link, so that its peer has to shake hands again. What was sent before has a moment to leave; what arrives in it is
    /// dropped.
    ///
    /// - Returns: false when it is not one of this side's links.
    func takeLeave(of id: LinkID, at now: ContinuousClock.Instant) -> Bool {
        guard let link = links[id] else { return false }
        end(link)
        setDeadline(now.advanced(by: SocketProfile.farewell), of: link.descriptor)
        nextInspection = min(nextInspection, now.advanced(by: SocketProfile.farewell))
        return true
    }

    private func cut(_ link: Link) {
        disconnect(link.descriptor)
        end(link)
    }

    /// Shuts a connection down.
    ///
    /// The library, which reads its end then, closes the descriptor and says so.
    ///
    /// The descriptor is that of a connection whose end the monitor has not told. It could have ended in this very
    /// moment and its descriptor be in use again; then an innocent connection is cut, and dialled again.
    private func disconnect(_ descriptor: Int32) {
        setDeadline(nil, of: descriptor)
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    private func setDeadline(_ deadline: ContinuousClock.Instant?, of descriptor: Int32) {
        guard let connection = connections[descriptor] else { return }
        waitingConnections += (deadline == nil ? 0 : 1) - (connection.deadline == nil ? 0 : 1)
        connections[descriptor]?.deadline = deadline
    }

    /// Cuts an eighth of the connections that wait, those that were accepted first: a handshake takes milliseconds, so that who
    /// waits longest means nothing good. Several at once, since finding them means looking at all.
    private func cutLongestWaiting() {
        let waiting = connections.compactMap { descriptor, connection in connection.deadline.map { (descriptor, $0) } }
        let longest = waiting.sorted { $0.1 < $1.1 }.prefix(mostWaiting / 8 + 1)
        for (descriptor, _) in longest { disconnect(descriptor) }
    }

    private func end(_ link: Link) {
        guard links.removeValue(forKey: link.id) != nil else { return }
        linkOfHandshake[link.handshake] = nil
        connections[link.descriptor]?.link = nil
        blocked.remove(link.id)
        doorkeeper.dismiss(link.handshake)
        mailbox.forget(link.id)
        report(.closed(link.id))
    }

    /// Cuts connections that have said nothing in time, or never come to an end.
    private func inspect(at now: ContinuousClock.Instant) {
        nextInspection = now.advanced(by: SocketProfile.inspection)
        doorkeeper.dismissSilent(at: now)
        for descriptor in Array(connections.keys) {
            let isSilent = connections[descriptor]?.deadline.map { $0 <= now } ?? false
            let isStuffed = connections[descriptor]?.intake.isStuffed(at: now) ?? false
            guard isSilent || isStuffed else { continue }
            if isStuffed { report(.refused(.message)) }
            disconnect(descriptor)
            if let link = connections[descriptor]?.link.flatMap({ links[$0] }) { end(link) }
        }
    }
}
