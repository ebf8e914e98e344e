public import GembaCausality

/// The operations of many changes, laid out for being applied.
///
/// Nearly everything that happens to rows is that whole registers and facts are written. Such operations take no structures
/// of their own here: their values stay in the bytes in which they came, checked, and are read from there. Effects of other
/// kinds are decoded.
public struct OperationBatch {
    /// What a change does to one row.
    public struct Item: Sendable {
        /// The table of the row.
        public let table: TableID
        /// The row.
        public let row: RowID
        /// What happens to the row as a whole.
        public let verb: RowOperation.Verb
        /// Which of the changes it belongs to, counted from 0.
        public let change: Int
        /// Where the presence writes stand that the author held.
        let saw: Range<Int>
        /// Where its effects stand.
        let steps: Range<Int>
    }

    /// What an operation does to one group.
    public struct Step: Sendable {
        /// What is done.
        public let content: Content
        /// The group.
        public let group: GroupID

        init(group: GroupID, content: Content) {
            self.group = group
            self.content = content
        }

        /// What can be done to a group.
        public enum Content: Sendable {
            /// A register or a fact is written.
            case write(Write)
            /// Something else happens: an index in `effects`.
            case other(Int)
        }
    }

    /// Values that are written to a group, still encoded.
    ///
    /// A batch has more of these than of anything else, so they are kept small: no change has 2^32 of anything.
    public struct Write: Sendable {
        /// Where the first of them begins in `bytes`.
        let offset: Int
        private let firstReplaced: Int
        private let replacedCount: UInt32
        private let valueCount: UInt32
        /// Whether it is a fact; a register otherwise.
        public let isFact: Bool

        init(isFact: Bool, count: Int, offset: Int, replaces: Range<Int>) {
            self.isFact = isFact
            self.offset = offset
            valueCount = UInt32(count)
            firstReplaced = replaces.lowerBound
            replacedCount = UInt32(replaces.count)
        }

        /// How many values there are.
        public var count: Int { Int(valueCount) }

        /// Where the writes stand that it replaces.
        var replaces: Range<Int> { firstReplaced..<firstReplaced + Int(replacedCount) }
    }

    /// The operations in the order in which they were added.
    public private(set) var items: [Item] = []
    private var steps: [Step] = []
    var dots: [Dot] = []
    var effects: [Effect.Content] = []
    /// The contents of the changes, one after another.
    private var bytes: [UInt8] = []
    private var changeCount = 0
    /// What there was before the change that was added last.
    private(set) var before = Extent()

    struct Extent {
        var (items, steps, dots, effects, bytes, changes) = (0, 0, 0, 0, 0, 0)
    }

    /// Creates a batch without changes.
    public init() {}

    // MARK: - What is there

    /// Bytes of the contents of all changes, which a small entry may have many of.
    public var byteCount: Int { bytes.count }

    /// What an operation does, sorted by group.
    public func steps(of item: Item) -> ArraySlice<Step> { steps[item.steps] }

    /// The presence writes of the row that the author of an operation held, sorted.
    public func saw(by item: Item) -> ArraySlice<Dot> { dots[item.saw] }

    /// The writes that another one replaces, sorted.
    public func dots(replacedBy write: Write) -> ArraySlice<Dot> { dots[write.replaces] }

    /// Lends out the bytes in which the values of all operations stand.
    public func withValues<Result>(_ body: (EncodedValues) throws -> Result) rethrows -> Result {
        try bytes.withUnsafeBytes { try body(EncodedValues($0)) }
    }

    /// An operation with structures of its own.
    public func operation(_ item: Item) -> RowOperation {
        let effects = steps(of: item).map { step in
            switch step.content {
            case .other(let index): return Effect(group: step.group, content: self.effects[index])
            case .write(let write):
                let values = withValues { Array($0.values(of: write)) }
                return Effect(
                    group: step.group,
                    content: write.isFact
                        ? .fact(values: values) : .register(replaces: Array(dots[write.replaces]), values: values))
            }
        }
        return RowOperation(
            table: item.table, row: item.row, verb: item.verb, saw: Array(saw(by: item)), effects: effects)
    }

    /// The operations' places in `items`, sorted by table and row. Those on one row stay in the order of the changes.
    public func placesByRow() -> [Int] {
        /// Smaller than an item, and moved about in its place.
        struct Key {
            var row: RowID
            var table: TableID
            var place: Int
        }
        // New rows mostly come in the order of their ids.
        let isSorted = zip(items, items.dropFirst()).allSatisfy { !$1.precedes($0) }
        if isSorted { return Array(items.indices) }
        var keys = items.enumerated().map { Key(row: $1.row, table: $1.table, place: $0) }
        keys.sort { left, right in
            if left.table != right.table { return left.table < right.table }
            return left.row == right.row ? left.place < right.place : left.row < right.row
        }
        return keys.map { $0.place }
    }

    /// Forgets all changes, and keeps the room that they took unless it is uncommonly large.
    public mutating func removeAll() {
        let keepsRoom = bytes.capacity <= Self.greatestRoom
        items.removeAll(keepingCapacity: keepsRoom)
        steps.removeAll(keepingCapacity: keepsRoom)
        dots.removeAll(keepingCapacity: keepsRoom)
        effects.removeAll()
        bytes.removeAll(keepingCapacity: keepsRoom)
        changeCount = 0
    }

    private static let greatestRoom = 4 << 20

    // MARK: - Adding

    /// Makes room for changes that are about to be added, so that what there is need not be moved while it grows.
    ///
    /// - Parameters:
    ///   - changes: about how many there are.
    ///   - byteCount: about how many bytes their contents have.
    public mutating func reserve(changes: Int, bytes byteCount: Int) {
        items.reserveCapacity(items.count + changes)
        bytes.reserveCapacity(bytes.count + byteCount)
    }

    /// What a change says beside its operations.
    public struct Frame {
        /// See ``ChangeBody/timestamp``.
        public let timestamp: HybridTimestamp
        /// See ``ChangeBody/lamport``.
        public let lamport: UInt64
        /// See ``ChangeBody/references``.
        public let references: [ChangeReference]
        let schemaVersion: UInt64
        let actor: ArraySlice<UInt8>
        let reason: ArraySlice<UInt8>
        let extensions: [UInt64: [UInt8]]
    }

    /// Adds the operations of a change: entry `sequence` in the log of `author`.
    ///
    /// Everything that makes a change valid is checked here, and nothing else than these arguments is consulted: neither
    /// schema, clock nor local limits. When the change is refused, nothing is added.
    public mutating func append(
        decoding content: ArraySlice<UInt8>, author: ReplicaID, sequence: SequenceNumber
    ) throws(WireError) -> Frame {
        before = Extent()
        (before.items, before.steps, before.dots) = (items.count, steps.count, dots.count)
        (before.effects, before.bytes, before.changes) = (effects.count, bytes.count, changeCount)
        do throws(WireError) {
            let frame = try read(content, author: author, sequence: sequence)
            bytes.append(contentsOf: content)
            changeCount += 1
            return frame
        } catch {
            removeLastChange()
            throw error
        }
    }

    /// Takes the change that was added last back.
    public mutating func removeLastChange() {
        items.removeSubrange(before.items...)
        steps.removeSubrange(before.steps...)
        dots.removeSubrange(before.dots...)
        effects.removeSubrange(before.effects...)
        bytes.removeSubrange(before.bytes...)
        changeCount = before.changes
    }

    /// Adds an operation of `author` that names no other author's changes, as a change of its own.
    mutating func append(decoding content: ArraySlice<UInt8>, author: ReplicaID) throws(WireError) {
        var decoder = CBORDecoder(content)
        try read(&decoder, index: DotIndex(author: author, own: .max, references: []))
        try decoder.finish()
        bytes.append(contentsOf: content)
        changeCount += 1
    }

    private mutating func read(
        _ content: ArraySlice<UInt8>, author: ReplicaID, sequence: SequenceNumber
    ) throws(WireError) -> Frame {
        precondition(sequence > 0, "entry 0 is a genesis")
        var decoder = CBORDecoder(content)
        let count = try decoder.array()
        guard count == 7 || count == 8 else { throw decoder.failure(.invalid("a change has another number of parts")) }
        let timestamp = HybridTimestamp(rawValue: try decoder.unsigned())
        let lamport = try decoder.unsigned()
        guard lamport > 0 else { throw decoder.failure(.outOfRange) }
        let schemaVersion = try decoder.unsigned()
        let actor = try decoder.utf8(maximum: Limits.actorBytes)
        let reason = try decoder.utf8(maximum: Limits.reasonBytes)

        // The references, which give the dots their meaning, come after the operations.
        var operations = try decoder.leap()
        let references = try decoder.references(maximum: Limits.references)
        guard !references.contains(where: { $0.replica == author }) else {
            throw decoder.failure(.invalid("a change references its own log"))
        }
        let extensions = count == 8 ? try decoder.extensions() : [:]
        try decoder.finish()

        let index = DotIndex(author: author, own: sequence - 1, references: references)
        let first = items.count
        for _ in 0..<(try operations.array()) {
            try read(&operations, index: index)
            if items.count - 1 > first, !items[items.count - 2].precedes(items[items.count - 1]) {
                throw operations.failure(.invalid("operations are not sorted by table and row, one for each"))
            }
        }
        checkDrops(of: first..<items.count, cut: DropCut.vector(extensions))
        return Frame(
            timestamp: timestamp, lamport: lamport, references: references, schemaVersion: schemaVersion, actor: actor,
            reason: reason, extensions: extensions)
    }

    private mutating func read(_ decoder: inout CBORDecoder, index: DotIndex) throws(WireError) {
        try decoder.array(count: 5)
        let table = TableID(rawValue: try decoder.identifier())
        let row = try decoder.fixed(RowID.self)
        guard let verb = RowOperation.Verb(rawValue: UInt8(clamping: try decoder.unsigned())) else {
            throw decoder.failure(.invalid("the verb is unknown"))
        }
        let saw = try readDots(&decoder, index: index)
        guard verb != .insert || saw.isEmpty else {
            throw decoder.failure(.invalid("an insert saw writes of its row"))
        }
        let first = steps.count
        for _ in 0..<(try decoder.array()) {
            let step = try readStep(&decoder, index: index, verb: verb)
            guard steps.count == first || steps[steps.count - 1].group < step.group else {
                throw decoder.failure(.invalid("effects are not sorted by group, one for each"))
            }
            steps.append(step)
        }
        items.append(
            Item(table: table, row: row, verb: verb, change: changeCount, saw: saw, steps: first..<steps.count))
    }

    private mutating func readStep(
        _ decoder: inout CBORDecoder, index: DotIndex, verb: RowOperation.Verb
    ) throws(WireError) -> Step {
        let beginning = decoder
        let count = try decoder.array()
        guard count >= 2 else { throw decoder.failure(.invalid("an effect has no kind")) }
        let group = GroupID(rawValue: try decoder.identifier())
        let number = try decoder.unsigned()
        switch EffectKind(rawValue: number) {
        case .register:
            guard count >= 4 else { throw decoder.failure(.incompleteEffect) }
            let replaces = try readDots(&decoder, index: index)
            guard verb != .insert || replaces.isEmpty else { throw decoder.failure(.insertNamesWrites) }
            let write = try readWrite(of: count - 3, isFact: false, replaces: replaces, &decoder)
            return Step(group: group, content: .write(write))
        case .fact:
            guard verb == .insert else { throw decoder.failure(.invalid("a fact is written outside an insert")) }
            guard count >= 3 else { throw decoder.failure(.incompleteEffect) }
            let write = try readWrite(of: count - 2, isFact: true, replaces: dots.count..<dots.count, &decoder)
            return Step(group: group, content: .write(write))
        case let kind:
            let effect: Effect.Content
            if kind == .drop, verb != .delete || group != Effect.dropGroup || count != 2 {
                effect = try .unknown(kind: number, encoded: Self.item(from: beginning, &decoder))
            } else if let kind {
                effect = try Effect.Content(kind, fields: count - 2, from: &decoder, index: index)
                guard verb != .insert || effect.isFresh else { throw decoder.failure(.insertNamesWrites) }
            } else {
                effect = try .unknown(kind: number, encoded: Self.item(from: beginning, &decoder))
            }
            effects.append(effect)
            return Step(group: group, content: .other(effects.count - 1))
        }
    }

    /// The bytes of an effect that is kept as it is.
    private static func item(
        from beginning: CBORDecoder, _ decoder: inout CBORDecoder
    ) throws(WireError) -> [UInt8] {
        decoder = beginning
        // Four arrays enclose an effect: body, operations, operation, effects.
        return Array(try decoder.skipItem(depth: 4))
    }

    /// Makes unknown effects of drops that stand beside something else, saw nothing, or reach beyond the cut.
    private mutating func checkDrops(of operations: Range<Int>, cut: VersionVector) {
        for item in items[operations] where item.verb == .delete {
            for step in steps[item.steps] {
                guard case .other(let index) = step.content, effects[index] == .drop else { continue }
                let saw = dots[item.saw]
                if item.steps.count == 1, !saw.isEmpty, saw.allSatisfy(cut.contains) { continue }
                effects[index] = .unknown(kind: EffectKind.drop.rawValue, encoded: Effect.encodedDrop)
            }
        }
    }

    private func readWrite(
        of count: Int, isFact: Bool, replaces: Range<Int>, _ decoder: inout CBORDecoder
    ) throws(WireError) -> Write {
        let offset = bytes.count + decoder.offset
        for _ in 0..<count { try decoder.skipValue() }
        return Write(isFact: isFact, count: count, offset: offset, replaces: replaces)
    }

    /// Reads sorted dots from one flat array of pairs.
    private mutating func readDots(_ decoder: inout CBORDecoder, index: DotIndex) throws(WireError) -> Range<Int> {
        let start = dots.count
        try decoder.forEachDot(index: index) { dots.append($0) }
        return start..<dots.count
    }
}

extension OperationBatch.Item {
    /// Whether this operation's place in a change is before the other's.
    fileprivate func precedes(_ other: Self) -> Bool {
        table == other.table ? row < other.row : table < other.table
    }
}
