internal import GembaCausality
internal import GembaWire

extension LogSync {
    /// This node holds new entries, of its own or from another link.
    mutating func noticeEntries(
        _ tips: [ChangeReference], upTo position: Int64?, at now: Instant, into outbox: inout Outbox
    ) {
        outgoing.noticeNewEntries()
        noteHeld(tips.map(\.dot), at: now, into: &outbox)
        noteOwn(tips, upTo: position)
    }

    /// Keeps what the peer may have to be told of.
    mutating func noteOwn(_ tips: [ChangeReference], upTo position: Int64? = nil) {
        guard isAnnouncing else { return }
        announcements.note(tips, known: outgoing.known, upTo: position)
        outgoing.skip(to: announcements.heldPosition)
    }

    /// Notes that the peer holds the dots, durably or on their way to us, and says what is news.
    mutating func notePeerHolds(_ news: VersionVector, into outbox: inout Outbox) {
        guard !news.entries.isEmpty else { return }
        outbox.add(.peerHolds(kind, news))
        guard isAnnouncing else { return }
        announcements.noteHeld(news.entries.lazy.map { Dot($0.key, $0.value) })
        outgoing.skip(to: announcements.heldPosition)
    }

    /// The peer says what it holds.
    mutating func receive(_ announcement: AnnounceMessage, into outbox: inout Outbox) throws(ProtocolViolation) {
        guard isEnabled else { return }
        announcements.noteAsked(announcement.new)
        let dots = (announcement.new + announcement.held).map(\.dot)
        notePeerHolds(try outgoing.notePeerHolds(dots), into: &outbox)
        if !announcement.new.isEmpty { outbox.add(.announced(announcement.new)) }
    }

    /// Says what this node holds, over a link on which that is not sent.
    mutating func announce(at now: Instant, isPressing: Bool = false, into outbox: inout Outbox) {
        guard isAnnouncing, phase == .streaming, outgoing.isLazy,
            let message = announcements.message(at: now, isPressing: isPressing)
        else { return }
        outbox.send(.announce(message))
    }
}
