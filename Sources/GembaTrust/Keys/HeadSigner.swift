internal import GembaCausality
internal import GembaWire

/// Whoever can sign a log: a station, or the recovery key.
protocol HeadSigner {
    func signHead(
        replica: ReplicaID, sequence: SequenceNumber, hash: ChangeHash, plant: PlantID
    ) -> SignedHead
}

extension StationIdentity: HeadSigner {}

extension RecoveryKey: HeadSigner {
    func signHead(
        replica: ReplicaID, sequence: SequenceNumber, hash: ChangeHash, plant: PlantID
    ) -> SignedHead {
        let message = SignedHead.signedBytes(replica: replica, sequence: sequence, hash: hash, plant: plant)
        return SignedHead(replica: replica, sequence: sequence, hash: hash, signature: signature(of: message))
    }
}
