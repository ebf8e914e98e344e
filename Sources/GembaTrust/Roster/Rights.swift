public import GembaWire

/// What members of a role may do.
public struct Rights: OptionSet, Hashable, Sendable {
    /// The bits; they are local and never sent.
    public let rawValue: UInt16

    /// Creates rights from bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Author changes to replicated tables that take effect.
    public static let writeData = Rights(rawValue: 1 << 0)
    /// Invite stations.
    public static let invite = Rights(rawValue: 1 << 1)
    /// Settle which of several joins for one invitation counts.
    public static let admit = Rights(rawValue: 1 << 2)
    /// End an invitation.
    public static let closeInvitations = Rights(rawValue: 1 << 3)
    /// Publish a new epoch of the plant's sealing key, and be given its keys.
    public static let publishEpochs = Rights(rawValue: 1 << 4)
    /// Revoke, retire and reinstate members of lower rank. Every station may retire itself.
    public static let revoke = Rights(rawValue: 1 << 5)
    /// Declare a silent member lapsed.
    public static let proposeLapse = Rights(rawValue: 1 << 6)
    /// Take the merge state of deleted rows from every replica.
    public static let dropRows = Rights(rawValue: 1 << 7)
    /// Say what the plant demands of its members.
    public static let setPolicy = Rights(rawValue: 1 << 8)
}

extension Role {
    /// The table of rights (T10). Everyone may state its own endpoints and keys, acknowledge what it holds, and retire.
    ///
    /// A relay stores and forwards and authors no data. Rights limit what a station's acts mean; they never decide
    /// whether an operation is valid (M13).
    public var rights: Rights {
        switch self {
        case .station: [.writeData, .publishEpochs]
        case .liaison: [.writeData, .publishEpochs]
        case .relay: []
        case .admin:
            [
                .writeData, .publishEpochs, .invite, .admit, .closeInvitations, .revoke, .proposeLapse, .dropRows,
                .setPolicy,
            ]
        }
    }
}
