import Foundation

/// How much room databases take.
enum FileSize {
    /// Bytes of a database that nobody has open, whose log was therefore copied into it.
    static func ofClosed(database path: String) throws -> Double {
        let log = (try? FileManager.default.attributesOfItem(atPath: path + "-wal")[.size] as? Int) ?? 0
        precondition(log == 0, "\(path) is still open")
        return Double(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0)
    }
}
