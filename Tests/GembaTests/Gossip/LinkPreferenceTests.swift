import GembaCausality
import GembaWire
import Testing

@testable import GembaGossip

@Suite("S3: of two links between two processes both ends keep the same one")
struct LinkPreferenceTests {
    private func peer(_ station: UInt128, _ nonce: UInt64 = 1) -> LinkPreference.Peer {
        .init(station: StationKey(rawValue: .init(high: station, low: 0)), nonce: nonce)
    }

    @Test("Of links in both directions the one stays that the smaller station dialled, whichever is newer")
    func bothDirections() {
        for (small, large) in [(peer(1), peer(2)), (peer(1, 9), peer(2, 1)), (peer(1, 1), peer(1, 2))] {
            let atSmall = LinkPreference(own: small)
            let atLarge = LinkPreference(own: large)
            #expect(atSmall.verdict(peer: large, older: .dialled, newer: .accepted) == .older)
            #expect(atSmall.verdict(peer: large, older: .accepted, newer: .dialled) == .newer)
            #expect(atLarge.verdict(peer: small, older: .accepted, newer: .dialled) == .older)
            #expect(atLarge.verdict(peer: small, older: .dialled, newer: .accepted) == .newer)
        }
    }

    @Test("Both ends agree even when the links came up in another order for each")
    func otherOrder() {
        let (small, large) = (peer(1), peer(2))
        // The link that `small` dialled came up first there and last at the other end.
        #expect(LinkPreference(own: small).verdict(peer: large, older: .dialled, newer: .accepted) == .older)
        #expect(LinkPreference(own: large).verdict(peer: small, older: .dialled, newer: .accepted) == .newer)
    }

    @Test("Of two links in one direction the newer stays", arguments: [LinkDirection.dialled, .accepted])
    func oneDirection(direction: LinkDirection) {
        for (own, other) in [(peer(1), peer(2)), (peer(2), peer(1))] {
            #expect(LinkPreference(own: own).verdict(peer: other, older: direction, newer: direction) == .newer)
        }
    }
}
