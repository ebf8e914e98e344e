public import GembaWire

extension Session {
    /// Whether the peer takes part in the tree: it is a member and understands announcements.
    public var disseminates: Bool {
        end == nil && configuration.standing == .members && peer?.knowsDissemination == true
    }

    /// Whether what the peer offered in a comparison is still coming, so that nobody else needs to be asked for it.
    public func isCatchingUp(at moment: Moment) -> Bool {
        end == nil && data.phase == .streaming && !data.awaitsNothing(at: moment.instant)
            && !data.shortfall.isDelivered
    }

    // MARK: - Inputs: the node's tree

    /// Sends what is new from now on, or else announces it.
    public mutating func setPush(_ isPushing: Bool, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, _) throws(ProtocolViolation) in
            session.data.outgoing.setLazy(!isPushing)
        }
    }

    /// Passes a beacon on and tells the peer whether it is to send at once. What this node has got from others is said
    /// before, so that the peer does not send that.
    public mutating func tell(_ message: TreeMessage, at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, outbox) throws(ProtocolViolation) in
            guard session.disseminates else { return }
            session.data.announce(at: moment.instant, isPressing: true, into: &outbox)
            outbox.send(.tree(message))
        }
    }

    /// Answers ``SessionAction/announced(_:)``: this node holds these of the references.
    public mutating func onExamined(held: [ChangeReference], at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, _) throws(ProtocolViolation) in session.data.announcements.confirm(held) }
    }

    /// What the peer announced does not come: both compare all that they hold.
    public mutating func compare(at moment: Moment) -> [SessionAction] {
        perform(at: moment) { (session, _) throws(ProtocolViolation) in
            session.data.openRound(at: moment.instant)
        }
    }

    // MARK: - Course

    /// Takes in a message about the spreading of changes. In the lobby there is nothing to spread.
    mutating func receiveDissemination(_ message: Message, into outbox: inout Outbox) throws(ProtocolViolation) {
        guard disseminates else { return }
        switch message {
        case .announce(let announcement): try data.receive(announcement, into: &outbox)
        case .tree(let tree): outbox.add(.tree(tree))
        default: break
        }
    }
}
