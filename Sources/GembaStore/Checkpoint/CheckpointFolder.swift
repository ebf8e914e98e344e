import Foundation
import GembaCausality
import GembaTrust
import GembaWire

/// The checkpoints of a replica on disk: one that it made to give to others, one that it stands on, one on its way.
struct CheckpointFolder {
    private let path: String

    init(replica folder: String) { path = folder + "/checkpoints" }

    private func chunks(of id: CheckpointID) -> String { "\(path)/\(id).chunks" }
    private func manifest(of id: CheckpointID) -> String { "\(path)/\(id).manifest" }

    /// A file for chunks whose manifest is not known yet.
    func makeScratch() throws(StoreError) -> String {
        try make()
        return "\(path)/making-\(UUID().uuidString)"
    }

    private func make() throws(StoreError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw StoreError(.storageFailed, "The folder \(path) cannot be made.", cause: error)
        }
    }

    /// The file of a checkpoint, begun if there is none. A manifest of the same content by another maker is kept beside it.
    func file(for signed: SignedManifest) throws(StoreError) -> CheckpointFile {
        try make()
        let id = signed.manifest.id
        do {
            try Data(signed.encoded()).write(to: URL(fileURLWithPath: manifest(of: id)), options: .atomic)
        } catch {
            throw StoreError(.storageFailed, "The manifest of a checkpoint cannot be written.", cause: error)
        }
        return try CheckpointFile(path: chunks(of: id), signed: signed)
    }

    /// The file of a checkpoint, or nil when there is none.
    func file(_ id: CheckpointID) throws(StoreError) -> CheckpointFile? {
        guard let signed = signedManifest(of: id) else { return nil }
        return try CheckpointFile(path: chunks(of: id), signed: signed)
    }

    /// Gives chunks that were written under a scratch name their manifest.
    func adopt(scratch: String, as signed: SignedManifest) throws(StoreError) -> CheckpointFile {
        let target = chunks(of: signed.manifest.id)
        do {
            _ = try? FileManager.default.removeItem(atPath: target)
            try FileManager.default.moveItem(atPath: scratch, toPath: target)
        } catch {
            throw StoreError(.storageFailed, "A checkpoint cannot be moved to its place.", cause: error)
        }
        return try file(for: signed)
    }

    /// The manifests of all checkpoints, newest first.
    func manifests() -> [SignedManifest] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let ids = names.filter { $0.hasSuffix(".manifest") }
            .compactMap { CheckpointID(hexadecimal: $0.prefix { $0 != "." }) }
        return ids.compactMap(signedManifest).sorted { $0.manifest.made > $1.manifest.made }
    }

    private func signedManifest(of id: CheckpointID) -> SignedManifest? {
        guard let data = FileManager.default.contents(atPath: manifest(of: id)),
            let signed = try? SignedManifest(decoding: Array(data)), signed.manifest.id == id
        else { return nil }
        return signed
    }

    /// Removes all checkpoints but those named, and what an interrupted making left.
    func removeAll(but kept: Set<CheckpointID>) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names {
            let id = CheckpointID(hexadecimal: name.prefix { $0 != "." })
            if let id, kept.contains(id) { continue }
            _ = try? FileManager.default.removeItem(atPath: "\(path)/\(name)")
        }
    }
}
