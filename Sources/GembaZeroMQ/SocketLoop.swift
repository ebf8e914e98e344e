internal import CZeroMQ
internal import Foundation
internal import GembaNode
internal import GembaWire

/// What a transport is made with.
struct Configuration: Sendable {
    let listen: [Endpoint]
    let secret: [UInt8]
    let publicKey: TransportKey
}

/// The thread's work: it owns all sockets, and nothing outside its thread can reach them.
final class SocketLoop {
    private let context: Context
    private let configuration: Configuration
    private let mailbox: Mailbox
    private let report: (TransportEvent) -> Void
    private let resolver: NameResolver
    private let acceptor: Acceptor?
    private var diallers: [String: Dialler] = [:]

    /// Binds what is to be listened on.
    private init(
        _ configuration: Configuration, mailbox: Mailbox, admission: @escaping @Sendable (TransportKey) -> Admission,
        report: @escaping (TransportEvent) -> Void
    ) throws(TransportError) {
        let context = try TransportError.catching { () throws(LibraryError) in try Context() }
        self.context = context
        self.configuration = configuration
        self.mailbox = mailbox
        self.report = report
        resolver = NameResolver { mailbox.wake() }
        do throws(TransportError) {
            acceptor =
                configuration.listen.isEmpty
                ? nil
                : try Acceptor(
                    configuration, in: context, mailbox: mailbox, doorkeeper: Doorkeeper(admission: admission),
                    report: report)
        } catch {
            context.terminate()
            throw error
        }
    }

    /// Runs on the current thread until the mailbox says stop, and leaves nothing open.
    static func run(
        _ configuration: Configuration, mailbox: Mailbox, admission: @escaping @Sendable (TransportKey) -> Admission,
        report: @escaping @Sendable (TransportEvent) -> Void
    ) throws(TransportError) {
        let loop = try SocketLoop(configuration, mailbox: mailbox, admission: admission, report: report)
        defer { loop.close() }
        try loop.run()
    }

    private func run() throws(TransportError) {
        for endpoint in acceptor?.endpoints ?? [] { report(.listening(endpoint)) }
        while true {
            let orders = mailbox.takeOrders()
            guard !orders.isStopping else { return }
            let now = ContinuousClock.now
            try carryOut(orders, at: now)
            try acceptor?.process(at: now)
            for dialler in diallers.values { dialler.process(at: now) }
            try flushBlocked(at: now)
            try waitForWork()
        }
    }

    private func close() {
        for dialler in diallers.values { dialler.close() }
        acceptor?.close()
        context.terminate()
    }
}

// MARK: - Orders

extension SocketLoop {
    private func carryOut(_ orders: Mailbox.Orders, at now: ContinuousClock.Instant) throws(TransportError) {
        if let dialled = orders.dialled { dial(dialled, at: now) }
        if let redial = orders.redial { for dialler in diallers.values { dialler.redial(redial, at: now) } }
        try TransportError.catching { () throws(LibraryError) in
            // What is sent before a link is closed, such as the reason, goes first.
            for link in orders.sending where try acceptor?.flush(link) != true {
                dialler(of: link)?.flush(at: now)
            }
            for link in orders.closing where acceptor?.takeLeave(of: link, at: now) != true {
                dialler(of: link)?.takeLeave(at: now)
            }
        }
    }

    private func dialler(of link: LinkID) -> Dialler? { diallers.values.first { $0.link == link } }

    /// Makes the diallers those that are wanted.
    private func dial(_ wanted: [String: TransportKey], at now: ContinuousClock.Instant) {
        for (text, dialler) in diallers where wanted[text] != dialler.peer {
            dialler.close()
            diallers[text] = nil
        }
        for (text, peer) in wanted where diallers[text] == nil {
            guard let endpoint = Endpoint(text) else { continue }
            diallers[text] = Dialler(
                endpoint, peer, configuration, in: context, mailbox: mailbox, resolver: resolver, at: now,
                report: report)
        }
    }

    private func flushBlocked(at now: ContinuousClock.Instant) throws(TransportError) {
        for dialler in diallers.values where dialler.isBlocked { dialler.flush(at: now) }
        guard let acceptor else { return }
        try TransportError.catching { () throws(LibraryError) in
            for link in acceptor.blocked { _ = try acceptor.flush(link) }
        }
    }
}

// MARK: - Waiting

extension SocketLoop {
    /// Waits until a socket or the mailbox has something, or something is due.
    private func waitForWork() throws(TransportError) {
        var items = [zmq_pollitem_t(socket: nil, fd: mailbox.descriptor, events: Int16(ZMQ_POLLIN), revents: 0)]
        func poll(_ socket: Socket, _ events: Int32 = ZMQ_POLLIN) {
            items.append(zmq_pollitem_t(socket: socket.pointer, fd: 0, events: Int16(events), revents: 0))
        }
        var polled: [(dialler: Dialler, firstItem: Int)] = []
        if let acceptor {
            poll(acceptor.desk.socket)
            poll(acceptor.monitor.events)
            poll(acceptor.socket)
        }
        for dialler in diallers.values {
            guard let attempt = dialler.attempt else { continue }
            polled.append((dialler, items.count))
            poll(attempt.monitor.events)
            poll(attempt.socket, dialler.isBlocked ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN)
        }
        guard zmq_poll(&items, Int32(items.count), patienceMilliseconds()) >= 0 || zmq_errno() == EINTR else {
            throw TransportError(LibraryError.last("zmq_poll"))
        }
        for (dialler, item) in polled where items[item].revents | items[item + 1].revents != 0 {
            dialler.hasNews = true
        }
    }

    /// How long nothing is due; -1 for ever.
    private func patienceMilliseconds() -> Int {
        var deadlines = diallers.values.compactMap(\.deadline)
        if let deadline = acceptor?.deadline { deadlines.append(deadline) }
        let now = ContinuousClock.now
        if acceptor?.blocked.isEmpty == false { deadlines.append(now.advanced(by: SocketProfile.retry)) }
        guard let deadline = deadlines.min() else { return -1 }
        // Rounded up: waking before the deadline would only lead to another wait.
        let (seconds, attoseconds) = max(now.duration(to: deadline), .zero).components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000) + 1
    }
}

// MARK: - Errors

extension TransportError {
    init(_ error: LibraryError) {
        self.init(code: .failed, message: "\(error); start the transport again")
    }

    /// Runs `body`, and tells a failure of the library as one of the transport.
    static func catching<Result>(
        _ body: () throws(LibraryError) -> Result
    ) throws(TransportError) -> Result {
        do throws(LibraryError) {
            return try body()
        } catch {
            throw TransportError(error)
        }
    }
}
