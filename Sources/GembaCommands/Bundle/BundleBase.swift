import Foundation
import GembaCausality
import GembaStore
import GembaTrust
import GembaWire

/// What the reader of a bundle is said to hold, as people name it.
enum BundleBase {
    /// Reads an earlier bundle, the name of a member, or references as ``text(_:)`` writes them, separated by commas.
    static func resolve(_ text: String, for replica: Replica) throws -> [ChangeReference] {
        if let references = references(text) { return references }
        if FileManager.default.fileExists(atPath: text) { return try replica.bundleEnd(of: text) }
        do {
            return try replica.acknowledged(by: try replica.roster().member(named: text).station)
        } catch is CommandFailure {
            throw CommandFailure(.notFound, "There is no bundle \(text), and no member of that name.")
        }
    }

    /// A reference in one word: log, number and prefix of the hash.
    static func text(_ reference: ChangeReference) -> String {
        "\(reference.replica):\(reference.sequence):\(reference.prefix)"
    }

    private static func references(_ text: String) -> [ChangeReference]? {
        var references: [ChangeReference] = []
        for word in text.split(separator: ",") {
            let parts = word.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 3, let replica = ReplicaID(hexadecimal: parts[0]), let sequence = UInt64(parts[1]),
                let prefix = HashPrefix(hexadecimal: parts[2])
            else { return nil }
            references.append(ChangeReference(replica: replica, sequence: sequence, prefix: prefix))
        }
        return references.isEmpty ? nil : references
    }
}
