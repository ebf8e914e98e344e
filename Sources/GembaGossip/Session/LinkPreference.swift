public import GembaWire

/// Decides which of two links between the same two processes stays (S3).
///
/// Both ends decide alone and come to the same result: of links in both directions the one that the smaller station
/// dialled, of links in one direction the newer, since the older is most likely dead without anybody having noticed.
/// Asked when the hellos of both links are complete.
public struct LinkPreference: Hashable, Sendable {
    /// The process at the other end of a link. One station with two nonces is two databases, which is a hint of a clone
    /// and no duplicate.
    public struct Peer: Hashable, Sendable {
        /// The station's key.
        public var station: StationKey
        /// The process's nonce, from its hello.
        public var nonce: UInt64

        /// Creates a peer.
        public init(station: StationKey, nonce: UInt64) {
            self.station = station
            self.nonce = nonce
        }
    }

    /// Which link stays.
    public enum Verdict: Hashable, Sendable {
        case older
        case newer
    }

    /// This node's own process.
    public let own: Peer

    /// Creates the preference of one process.
    public init(own: Peer) { self.own = own }

    /// Which of two links to `peer` stays, given their directions as seen from here.
    public func verdict(peer: Peer, older: LinkDirection, newer: LinkDirection) -> Verdict {
        guard older != newer else { return .newer }
        let preferred: LinkDirection = ownIsSmaller(than: peer) ? .dialled : .accepted
        return older == preferred ? .older : .newer
    }

    private func ownIsSmaller(than peer: Peer) -> Bool {
        (own.station, own.nonce) < (peer.station, peer.nonce)
    }
}
