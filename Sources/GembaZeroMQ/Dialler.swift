internal import CZeroMQ
internal import GembaNode
internal import GembaWire

/// Keeps a link to one endpoint up.
///
/// Each attempt has a DEALER socket of its own, so that nothing of a broken link gets into the next, and the pinned
/// server key proves who answers.
final class Dialler {
    /// The sockets of one attempt.
    struct Attempt {
        let socket: Socket
        let monitor: Monitor
    }

    private enum Phase {
        /// Between attempts; the next one is due at an instant.
        case waiting(until: ContinuousClock.Instant)
        /// Looking the host's name up.
        case resolving(String)
        /// Connecting and shaking hands, which has failed at an instant.
        case dialling(Attempt, until: ContinuousClock.Instant)
        /// Linked since an instant.
        case linked(Attempt, LinkID, since: ContinuousClock.Instant)
    }

    let endpoint: Endpoint
    let peer: TransportKey
    /// Something may have arrived at the sockets of the attempt.
    ///
    /// There may be hundreds of diallers, and few with news.
    var hasNews = false
    /// The link's frames did not fit its socket's queue.
    private(set) var isBlocked = false

    private let context: Context
    private let configuration: Configuration
    private let mailbox: Mailbox
    private let resolver: NameResolver
    private let report: (TransportEvent) -> Void
    private var backoff = Backoff(SocketProfile.redialling)
    private var generator = SystemRandomNumberGenerator()
    private var phase: Phase
    /// Attempts so far.
    ///
    /// Each takes the next of the host's addresses.
    private var attempts = 0
    private var intake: Intake?
    private var nextInspection = ContinuousClock.now
    /// The empty message that opens the link at the other side has not been sent yet.
    private var mustSpeak = false

    init(
        _ endpoint: Endpoint, _ peer: TransportKey, _ configuration: Configuration, in context: Context,
        mailbox: Mailbox, resolver: NameResolver, at now: ContinuousClock.Instant,
        report: @escaping (TransportEvent) -> Void
    ) {
        self.endpoint = endpoint
        self.peer = peer
        self.configuration = configuration
        self.context = context
        self.mailbox = mailbox
        self.resolver = resolver
        self.report = report
        phase = .waiting(until: now)
    }

    /// The sockets to be polled.
    var attempt: Attempt? {
        switch phase {
        case .waiting, .resolving: nil
        case .dialling(let attempt, _), .linked(let attempt, _, _): attempt
        }
    }

    var link: LinkID? {
        if case .linked(_, let link, _) = phase { link } else { nil }
    }

    /// When something must be done though nothing arrives.
    var deadline: ContinuousClock.Instant? {
        switch phase {
        case .waiting(let instant), .dialling(_, let instant): instant
        case .resolving: nil
        case .linked: intake == nil ? nil : nextInspection
        }
    }

    /// Ends the link or the attempt for good.
    func close() {
        end()
    }

    /// Makes the next attempt now, as if none had failed.
    func redial(_ redial: Mailbox.Redial, at now: ContinuousClock.Instant) {
        backoff.reset()
        if redial == .waiting, link != nil { return }
        end()
        phase = .waiting(until: now)
    }

    /// Ends the link, and dials again after a while. What was sent before has a moment to leave.
    func takeLeave(at now: ContinuousClock.Instant) {
        try? attempt?.socket.set(ZMQ_LINGER, SocketProfile.farewellMilliseconds)
        retry(at: now)
    }
}

// MARK: - What happens

extension Dialler {
    /// Begins or gives up an attempt that is due, and takes what the link brings, up to a turn.
    func process(at now: ContinuousClock.Instant) {
        switch phase {
        case .waiting(let due) where due <= now: begin(at: now)
        case .resolving(let host): resolve(host, at: now)
        case .dialling(_, let due) where due <= now: retry(at: now)
        case .linked where nextInspection <= now: inspect(at: now)
        default: break
        }
        guard hasNews else { return }
        hasNews = false
        // A socket that fails says something about this link only, not about the others.
        do throws(LibraryError) {
            try watchConnection(at: now)
            try receive(at: now)
        } catch {
            retry(at: now)
        }
    }

    /// Sends what waits for the link, as far as its socket takes it.
    func flush(at now: ContinuousClock.Instant) {
        guard case .linked(let attempt, let link, _) = phase else { return }
        isBlocked = true
        do throws(LibraryError) {
            if mustSpeak {
                guard try attempt.socket.send(parts: [[]]) == .sent else { return }
                mustSpeak = false
            }
            while let frame = mailbox.first(of: link) {
                guard try attempt.socket.send(parts: [frame]) == .sent else { return }
                if mailbox.removeFirst(of: link) { report(.writable(link)) }
            }
            isBlocked = false
        } catch {
            retry(at: now)
        }
    }

    private func watchConnection(at now: ContinuousClock.Instant) throws(LibraryError) {
        while let attempt, let event = try attempt.monitor.next() {
            switch event {
            case .handshakeSucceeded:
                guard case .dialling = phase else { break }
                let link = LinkID.unused()
                phase = .linked(attempt, link, since: now)
                mustSpeak = true
                mailbox.open(link)
                report(.opened(link, peer: peer, direction: .dialled(endpoint.text)))
                flush(at: now)
            case .disconnected, .failed:
                try receive(at: now)
                retry(at: now)
            case .connected(let descriptor):
                intake = Intake(descriptor: descriptor, at: now)
            case .accepted:
                break
            }
        }
    }

    private func receive(at now: ContinuousClock.Instant) throws(LibraryError) {
        for _ in 0..<SocketProfile.turn {
            guard case .linked(let attempt, let link, _) = phase, let parts = try attempt.socket.receive() else {
                return
            }
            intake?.noteMessage()
            // A message is one frame.
            guard parts.count == 1, parts[0].count <= Limits.frameBytes else { return retry(at: now) }
            if !parts[0].isEmpty { report(.received(link, parts[0])) }
        }
    }
}

// MARK: - Attempts

extension Dialler {
    private func begin(at now: ContinuousClock.Instant) {
        if let host = endpoint.hostName { resolve(host, at: now) } else { dial(endpoint, at: now) }
    }

    private func resolve(_ host: String, at now: ContinuousClock.Instant) {
        phase = .resolving(host)
        guard let addresses = resolver.addresses(of: host) else { return }
        let candidates = addresses.compactMap(endpoint.at)
        guard !candidates.isEmpty else { return retry(at: now) }
        dial(candidates[attempts % candidates.count], at: now)
    }

    private func dial(_ endpoint: Endpoint, at now: ContinuousClock.Instant) {
        attempts += 1
        do throws(LibraryError) {
            phase = .dialling(try makeAttempt(endpoint), until: now.advanced(by: SocketProfile.attempt))
        } catch {
            retry(at: now)
        }
    }

    private func makeAttempt(_ endpoint: Endpoint) throws(LibraryError) -> Attempt {
        let socket = try Socket(context, ZMQ_DEALER)
        do throws(LibraryError) {
            try SocketProfile.apply(to: socket, secret: configuration.secret, publicKey: configuration.publicKey)
            try SocketProfile.applyDialling(to: socket, peer: peer)
            try SocketProfile.applyAddressing(of: endpoint, to: socket)
            let monitor = try Monitor(of: socket, in: context)
            do throws(LibraryError) {
                try socket.connect(endpoint.text)
            } catch {
                monitor.close()
                throw error
            }
            return Attempt(socket: socket, monitor: monitor)
        } catch {
            socket.close()
            throw error
        }
    }

    /// Cuts a link whose peer sends a message without end.
    private func inspect(at now: ContinuousClock.Instant) {
        nextInspection = now.advanced(by: SocketProfile.inspection)
        if intake?.isStuffed(at: now) == true { retry(at: now) }
    }

    private func retry(at now: ContinuousClock.Instant) {
        if case .linked(_, _, let since) = phase, since.advanced(by: SocketProfile.lasting) <= now { backoff.reset() }
        end()
        phase = .waiting(until: now.advanced(by: backoff.next(using: &generator)))
    }

    private func end() {
        if let attempt {
            attempt.monitor.close()
            attempt.socket.close()
        }
        let link = link
        phase = .waiting(until: .now)
        isBlocked = false
        intake = nil
        guard let link else { return }
        mailbox.forget(link)
        report(.closed(link))
    }
}
