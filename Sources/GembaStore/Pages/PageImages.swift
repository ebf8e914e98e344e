import Foundation

/// The pages of a damaged file and of its write-ahead log as they are, sound or not, for saving what can be saved.
struct PageImages {
    /// One page as it stands somewhere.
    struct Image {
        var number: UInt32
        var content: [UInt8]

        var isSound: Bool {
            content.withUnsafeBytes { $0.baseAddress.map { PageChecksum.isSound($0, number: number) } ?? false }
        }
    }

    private let connection: BareConnection
    private let log: Data
    /// Where in the log the newest image of a page is.
    private var newest: [UInt32: Int] = [:]
    private let pageCount: UInt32

    init(path: String, connection: BareConnection) throws(StoreError) {
        self.connection = connection
        let request = PageRequest(.standing)
        guard request.ask(connection.handle), let standing = request.standing else {
            throw StoreError(.storageFailed, "The pages of \(path) cannot be read.")
        }
        pageCount = standing.pageCount
        // The locks of SQLite are on other files, so closing this one takes none away.
        log = FileManager.default.contents(atPath: path + "-wal") ?? Data()
        for start in frames { newest[LogFrame.page(in: log, at: start)] = start }
    }

    /// Where the frames of the log begin that belong to its present round: they have its salt.
    private var frames: [Int] {
        guard log.count >= LogFrame.logHeaderBytes else { return [] }
        let salt = log[16..<24]
        return stride(from: LogFrame.logHeaderBytes, through: log.count - LogFrame.bytes, by: LogFrame.bytes).filter {
            log[$0 + 8..<$0 + 16] == salt
        }
    }

    private func image(at frame: Int) -> Image {
        let start = frame + LogFrame.headerBytes
        return Image(
            number: LogFrame.page(in: log, at: frame), content: Array(log[start..<start + PageChecksum.pageBytes]))
    }

    /// The newest image of a page; nil when there is none.
    func page(_ number: UInt32) -> Image? {
        if let frame = newest[number] { return image(at: frame) }
        let request = PageRequest(.page(number))
        guard number > 0, number <= pageCount, request.ask(connection.handle) else { return nil }
        return request.page.map { Image(number: number, content: $0) }
    }

    /// Calls `body` with all images: of pages in the file, corrected where they can be, then of frames.
    func forEach(_ body: (Image) throws -> Void) throws {
        for number in 1...max(1, pageCount) {
            let request = PageRequest(.page(number))
            guard request.ask(connection.handle), var content = request.page else { continue }
            content.withUnsafeMutableBytes { bytes in
                if let first = bytes.baseAddress { _ = PageChecksum.correct(first, number: number) }
            }
            try body(Image(number: number, content: content))
        }
        for frame in frames { try body(image(at: frame)) }
    }
}

extension LogFrame {
    /// The number of the page in the frame that begins at a place of a log.
    fileprivate static func page(in log: Data, at start: Int) -> UInt32 {
        log.bigEndianNumber(at: start)
    }
}

extension RandomAccessCollection<UInt8> where Index == Int {
    /// Four bytes as a number, the most significant first.
    func bigEndianNumber(at place: Int) -> UInt32 { self[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) } }
}
