import CLinux
import Crypto
import Foundation
import GembaCausality
import GembaWire

#if canImport(Glibc)
    import Glibc
#endif

/// What tells this machine and this database file from a copy: hashes of facts that a clone changes.
///
/// The parts are compared one by one, because they are not equally known everywhere: a container or network namespace
/// hides network cards, an unprivileged user may not read a disk's serial number, and a dock adds a card. Machine id and
/// file identity must be equal; serial numbers must be equal where both are known; two known sets of card addresses must
/// share one.
struct MachineFingerprint: Codable, Hashable, Sendable {
    var machineID: String
    /// Device, inode and birth time of the database file: a copy has another inode even on the same disk.
    var file: String
    var diskSerial: String?
    /// Permanent hardware addresses of physical network cards.
    var cards: Set<String>

    /// Whether a database last used under `recorded` is still on the same machine and the same file.
    func continues(_ recorded: MachineFingerprint) -> Bool {
        guard machineID == recorded.machineID, file == recorded.file else { return false }
        if let diskSerial, let known = recorded.diskSerial, diskSerial != known { return false }
        return cards.isEmpty || recorded.cards.isEmpty || !cards.isDisjoint(with: recorded.cards)
    }

    /// The parts that differ, in words.
    func differences(from recorded: MachineFingerprint) -> [String] {
        var differences: [String] = []
        if machineID != recorded.machineID { differences.append("the machine id") }
        if file != recorded.file { differences.append("the database file") }
        if let diskSerial, let known = recorded.diskSerial, diskSerial != known { differences.append("the disk") }
        if !cards.isEmpty, !recorded.cards.isEmpty, cards.isDisjoint(with: recorded.cards) {
            differences.append("the network cards")
        }
        return differences
    }

    // MARK: - Reading the machine

    /// The fingerprint of this machine with the database at `path`, which must exist.
    static func current(databasePath path: String) throws(StoreError) -> MachineFingerprint {
        var identity = gemba_file_identity()
        guard gemba_file_identity_of(path, &identity) == 0 else {
            let reason = String(cString: strerror(errno))
            throw StoreError(.storageFailed, "The database file \(path) cannot be examined: \(reason).")
        }
        let device = "\(identity.device_major):\(identity.device_minor)"
        let birth = "\(identity.birth_seconds).\(identity.birth_nanoseconds)"
        return MachineFingerprint(
            machineID: digest(contents(of: "/etc/machine-id") ?? contents(of: "/var/lib/dbus/machine-id") ?? ""),
            file: digest("\(device) \(identity.inode) \(birth)"),
            diskSerial: diskSerial(device: device).map(digest),
            cards: Set(permanentAddresses().map(digest)))
    }

    private static func diskSerial(device: String) -> String? {
        let base = "/sys/dev/block/\(device)"
        for path in ["\(base)/serial", "\(base)/device/serial", "\(base)/../serial", "\(base)/../device/serial"] {
            if let serial = contents(of: path), !serial.isEmpty { return serial }
        }
        return nil
    }

    /// Addresses burnt into cards on a bus that stays; USB adapters travel.
    private static func permanentAddresses() -> [String] {
        let root = "/sys/class/net"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return names.compactMap { name in
            let card = "\(root)/\(name)"
            guard contents(of: "\(card)/addr_assign_type") == "0",
                let bus = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(card)/device/subsystem"),
                !bus.hasSuffix("/usb")
            else { return nil }
            return contents(of: "\(card)/address")
        }
    }

    private static func contents(of path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// The file lies beside the database and travels with backups: it says whether things changed, not what they were.
    private static func digest(_ text: String) -> String {
        Hexadecimal.encode(SHA256.hash(data: Data(("gemba/machine/1" + text).utf8)).prefix(12))
    }
}
