/// Unicode scalars by number: one byte each while all are ASCII, four bytes from the first other one on.
struct ScalarStore: Sendable {
    private(set) var narrow: ContiguousArray<UInt8> = []
    private(set) var wide: ContiguousArray<UInt32> = []
    private(set) var isWide = false

    var count: Int { isWide ? wide.count : narrow.count }

    /// Appends the scalars of a text.
    ///
    /// - Returns: how many they are.
    mutating func append(_ text: String) -> Int {
        if !isWide {
            let count = appendASCII(text)
            if count >= 0 { return count }
            wide = ContiguousArray(narrow.lazy.map { UInt32($0) })
            narrow = []
            isWide = true
        }
        let before = wide.count
        for scalar in text.unicodeScalars { wide.append(scalar.value) }
        return wide.count - before
    }

    /// Appends what is only ASCII.
    ///
    /// - Returns: its length, or -1 when there is something else in it.
    private mutating func appendASCII(_ text: String) -> Int {
        var text = text
        return text.withUTF8 { bytes in
            for byte in bytes where byte >= 0x80 { return -1 }
            if bytes.count == 1 { narrow.append(bytes[0]) } else { narrow.append(contentsOf: bytes) }
            return bytes.count
        }
    }

    /// Appends places whose content is not known any more.
    mutating func appendUnknown(_ count: Int) {
        if isWide {
            wide.append(contentsOf: repeatElement(0, count: count))
        } else {
            narrow.append(contentsOf: repeatElement(0, count: count))
        }
    }

    /// The text of scalars that follow one another.
    func text(_ numbers: Range<Int>) -> String {
        if !isWide { return String(decoding: narrow[numbers], as: UTF8.self) }
        var text = String.UnicodeScalarView()
        for value in wide[numbers] { text.append(Unicode.Scalar(value) ?? "\u{FFFD}") }
        return String(text)
    }

    /// Appends the UTF-8 of scalars that follow one another.
    func appendUTF8(_ numbers: Range<Int>, to bytes: inout ContiguousArray<UInt8>) {
        if !isWide {
            bytes.append(contentsOf: narrow[numbers])
            return
        }
        for value in wide[numbers] {
            guard let scalar = Unicode.Scalar(value) else { continue }
            bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.EncodedScalar.encodedReplacementCharacter)
        }
    }

    /// Sets scalars to the next ones of a source.
    ///
    /// - Returns: whether there were as many.
    mutating func set(_ numbers: Range<Int>, from source: inout Source) -> Bool {
        if isWide {
            guard source.place + numbers.count <= source.wide.count else { return false }
            for number in numbers { wide[number] = source.wide[source.place + number - numbers.lowerBound] }
        } else {
            guard source.place + numbers.count <= source.narrow.count else { return false }
            for number in numbers { narrow[number] = source.narrow[source.place + number - numbers.lowerBound] }
        }
        source.place += numbers.count
        return true
    }

    /// The scalars of a text, one after another, in the width of a store.
    struct Source {
        fileprivate var narrow: ContiguousArray<UInt8> = []
        fileprivate var wide: ContiguousArray<UInt32> = []
        fileprivate var place = 0

        init(_ text: String, isWide: Bool) {
            if isWide {
                wide = ContiguousArray(text.unicodeScalars.lazy.map { $0.value })
            } else {
                narrow = ContiguousArray(text.utf8)
            }
        }

        var isAtEnd: Bool { place == max(narrow.count, wide.count) }
    }

    /// Room for `count` scalars that are set later.
    init(count: Int, isWide: Bool) {
        self.isWide = isWide
        if isWide {
            wide = ContiguousArray(repeating: 0, count: count)
        } else {
            narrow = ContiguousArray(repeating: 0, count: count)
        }
    }

    init() {}
}

extension ScalarStore {
    /// Drops the content of one place.
    mutating func forget(_ number: Int) {
        if isWide { wide[number] = 0 } else { narrow[number] = 0 }
    }
}
