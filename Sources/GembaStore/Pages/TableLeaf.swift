import GRDBSQLite

/// The rows on a leaf page of a table's tree (sections 1.6 and 2 of SQLite's file format). Everything is taken with doubt: the
/// page may be damaged, or something else.
struct TableLeaf {
    /// A row: its key and its columns.
    struct Row {
        var key: Int64
        var columns: [Column]
        /// Whether all pages that it was on are sound.
        var isSound: Bool
    }

    enum Column: Hashable {
        case null
        case integer(Int64)
        case bytes([UInt8])
        case other
    }

    private let image: PageImages.Image
    private let isSound: Bool
    private let header: Int

    private static let usableBytes = PageChecksum.pageBytes - PageChecksum.bytes
    /// More than any row of the library's own tables takes.
    private static let greatestRow = 8 << 20

    /// Nil when the page is not the leaf of a table.
    init?(_ image: PageImages.Image) {
        header = image.number == 1 ? DatabaseHeader.bytes : 0
        guard image.content[header] == 13 else { return nil }
        self.image = image
        isSound = image.isSound
    }

    private func short(_ place: Int) -> Int {
        Int(image.content[place]) << 8 | Int(image.content[place + 1])
    }

    /// The rows that can be read.
    ///
    /// - Parameter follow: gives the pages that rows go on to.
    func rows(_ follow: (UInt32) -> PageImages.Image?) -> [Row] {
        let count = min(short(header + 3), (Self.usableBytes - header - 8) / 2)
        return (0..<count).compactMap { index in
            let start = short(header + 8 + 2 * index)
            return start < Self.usableBytes ? row(at: start, follow) : nil
        }
    }

    private func row(at start: Int, _ follow: (UInt32) -> PageImages.Image?) -> Row? {
        var place = start
        guard let size = Self.number(image.content, &place), let key = Self.number(image.content, &place),
            size >= 0, size <= Int64(Self.greatestRow)
        else { return nil }
        let (total, local) = (Int(size), Self.localBytes(Int(size)))
        guard place + local <= Self.usableBytes else { return nil }
        var payload = Array(image.content[place..<place + local])
        var isSound = isSound
        if local < total {
            guard place + local + 4 <= Self.usableBytes else { return nil }
            var next = image.content.bigEndianNumber(at: place + local)
            while payload.count < total {
                guard let more = follow(next) else { return nil }
                isSound = isSound && more.isSound
                next = more.content.bigEndianNumber(at: 0)
                payload += more.content[4..<4 + min(total - payload.count, Self.usableBytes - 4)]
            }
        }
        return Self.columns(of: payload).map { Row(key: key, columns: $0, isSound: isSound) }
    }

    /// How much of a row is on the leaf itself (section 1.6).
    private static func localBytes(_ size: Int) -> Int {
        let most = usableBytes - 35
        if size <= most { return size }
        let least = (usableBytes - 12) * 32 / 255 - 23
        let rest = least + (size - least) % (usableBytes - 4)
        return rest <= most ? rest : least
    }

    /// A number of one to nine bytes.
    private static func number(_ bytes: [UInt8], _ place: inout Int) -> Int64? {
        var number: UInt64 = 0
        for index in 0..<9 {
            guard place < bytes.count else { return nil }
            let byte = bytes[place]
            place += 1
            if index == 8 { return Int64(bitPattern: number << 8 | UInt64(byte)) }
            number = number << 7 | UInt64(byte & 0x7f)
            if byte < 0x80 { return Int64(bitPattern: number) }
        }
        return nil
    }

    // MARK: - Columns

    private static func columns(of payload: [UInt8]) -> [Column]? {
        var place = 0
        guard let size = number(payload, &place), size >= Int64(place), size <= Int64(payload.count) else { return nil }
        var types: [Int64] = []
        while place < Int(size) {
            guard let type = number(payload, &place), type >= 0 else { return nil }
            types.append(type)
        }
        place = Int(size)
        var columns: [Column] = []
        for type in types {
            guard let column = column(payload, type, &place) else { return nil }
            columns.append(column)
        }
        return columns
    }

    private static let integerBytes = [0, 1, 2, 3, 4, 6, 8]

    private static func column(_ payload: [UInt8], _ type: Int64, _ place: inout Int) -> Column? {
        switch type {
        case 0: return .null
        case 1...6:
            let count = integerBytes[Int(type)]
            guard place + count <= payload.count else { return nil }
            defer { place += count }
            let start: Int64 = payload[place] < 0x80 ? 0 : -1
            return .integer(payload[place..<place + count].reduce(start) { $0 << 8 | Int64($1) })
        case 7:
            guard place + 8 <= payload.count else { return nil }
            place += 8
            return .other
        case 8: return .integer(0)
        case 9: return .integer(1)
        case 10, 11: return nil
        default:
            guard type <= Int64(greatestRow) * 2 + 13 else { return nil }
            let count = Int(type - 12) / 2
            guard place + count <= payload.count else { return nil }
            defer { place += count }
            return type.isMultiple(of: 2) ? .bytes(Array(payload[place..<place + count])) : .other
        }
    }
}
