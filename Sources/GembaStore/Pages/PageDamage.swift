import Foundation
import Synchronization

/// What was found wrong with the pages of one database file in this process, until it is mended.
final class PageDamage: Sendable {
    /// Pages and frames by what is wrong with them.
    struct Found: Hashable, Sendable {
        /// Pages of the file with one wrong byte: whoever reads them is given them as they were, but the file is to be mended.
        var correctable: Set<UInt32> = []
        /// Pages of the file that nobody can read.
        var unreadable: Set<UInt32> = []
        /// How often a page could not be read from the write-ahead log.
        var unreadableFrames = 0

        var isEmpty: Bool { correctable.isEmpty && unreadable.isEmpty && unreadableFrames == 0 }
        /// Whether something is missing that has to come from elsewhere.
        var isLoss: Bool { !unreadable.isEmpty || unreadableFrames > 0 }
    }

    private let state = Mutex(Found())
    /// An empty file beside the database says to other processes that somebody came across damage.
    private let markPath: String

    init(database path: String) { markPath = path + "-damaged" }

    var found: Found { state.withLock { $0 } }

    /// Whether some process came across damage since the mark was last removed.
    var isMarked: Bool { FileManager.default.fileExists(atPath: markPath) }

    func removeMark() { _ = try? FileManager.default.removeItem(atPath: markPath) }

    private func mark() {
        // If it cannot be made, others find the damage themselves.
        if !isMarked { _ = FileManager.default.createFile(atPath: markPath, contents: nil) }
    }

    func noteCorrectable(_ page: UInt32) { state.withLock { _ = $0.correctable.insert(page) } }

    func noteUnreadable(_ page: UInt32) {
        state.withLock { _ = $0.unreadable.insert(page) }
        mark()
    }

    func noteUnreadableFrame() {
        state.withLock { $0.unreadableFrames += 1 }
        mark()
    }

    /// Forgets a page that is as it must be again.
    func forget(_ page: UInt32) {
        state.withLock { found in
            found.correctable.remove(page)
            found.unreadable.remove(page)
        }
    }

    /// Forgets everything: the file was made anew.
    func forgetAll() {
        state.withLock { $0 = Found() }
        removeMark()
    }
}
