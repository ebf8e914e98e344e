import GRDB
import GembaCausality
import GembaTrust
public import GembaWire

/// What all rows of a replica are, in a form that another replica can be asked about.
public struct RowRoot: Hashable, Sendable {
    /// What the rows are made from.
    public var basis: AgreementBasis
    /// The fingerprint of all rows.
    public var fingerprint: RowFingerprint
}

/// What it took to bring the tree of rows up to date.
public struct RowTreeWork: Hashable, Sendable {
    /// Rows that were read and hashed.
    public var rows = 0
    /// Digests of ranges that were made.
    public var ranges = 0

    /// None.
    public init() {}
}

/// Finding out whether the rows of two replicas that hold the same are the same (G22).
extension Replica {
    // MARK: - The tree

    /// Brings the tree of rows up to date and gives its root.
    ///
    /// - Parameters:
    ///   - steps: how many steps of 500 rows are taken at most.
    ///   - rescans: whether all rows are read again. The tree otherwise follows the log, which does not tell what was written
    ///     to rows behind the library's back.
    ///   - work: told what it took.
    /// - Returns: nil when more steps are needed.
    public func rowRoot(
        steps: Int = .max, rescans: Bool = false, work: (RowTreeWork) -> Void = { _ in }
    ) throws -> RowRoot? {
        try rowTree.repairing {
            var total = RowTreeWork()
            defer { work(total) }
            if rescans { total.rows += try stepRowTree(rescans: true) }
            for _ in 0..<steps {
                if let root = try currentRoot(&total) { return root }
                total.rows += try stepRowTree()
            }
            return try currentRoot(&total)
        }
    }

    /// - Returns: how many rows were read.
    private func stepRowTree(rescans: Bool = false) throws -> Int {
        try rowTree.write { database in
            try withReader { context in
                var update = RowTreeUpdate(database: database, context: context)
                return try update.run(rescans: rescans)
            }
        }
    }

    private func currentRoot(_ work: inout RowTreeWork) throws -> RowRoot? {
        try withRowTree { tree, context in
            let digest = try tree.digest(of: .all)
            work.ranges += tree.hashCount
            let key = try context.agreementKey()
            return RowRoot(basis: try context.agreementBasis(), fingerprint: key.fingerprint(of: .all, digest: digest))
        }
    }

    /// Runs `body` on the tree, when it is of everything that is held, in the snapshot that it is of.
    private func withRowTree<Result>(_ body: (inout RowTree, StoreContext) throws -> Result?) throws -> Result? {
        try rowTree.write { database -> Result? in
            try withReader { context in
                guard let progress = try RowTreeProgress(database), progress.scan == nil,
                    try progress.place == context.log.lastPlace(),
                    try progress.branches == context.log.branches().named.count
                else { return nil }
                var tree = RowTree(database)
                return try body(&tree, context)
            }
        }
    }

    private func withRowTree<Result>(
        on basis: AgreementBasis, _ body: (inout RowTree, StoreContext) throws -> Result
    ) throws -> Result? {
        try rowTree.repairing {
            try withRowTree { tree, context in
                guard try context.agreementBasis() == basis else { return nil }
                return try body(&tree, context)
            }
        }
    }

    // MARK: - Statements

    /// What is held in ranges, each stated as a peer stated it.
    ///
    /// - Returns: nil when rows are made from something else than `basis` by now.
    public func statements(like stated: [StatedRange], on basis: AgreementBasis) throws -> [StatedRange]? {
        try withRowTree(on: basis) { tree, context in
            var statements: [StatedRange] = []
            for theirs in stated {
                let statement: RangeStatement
                switch theirs.statement {
                case .children: statement = try context.children(of: theirs.range, in: &tree)
                case .rows: statement = try context.rowStatement(of: theirs.range, in: tree, atMost: Self.listedRows)
                }
                statements.append(StatedRange(range: theirs.range, statement: statement))
            }
            return statements
        }
    }

    /// Rows of a range that are looked at where the peer has few.
    private static let listedRows = 4 * Limits.rangeRows

    /// What is held in those of the ranges that have another fingerprint here.
    ///
    /// - Returns: nil when rows are made from something else than `basis` by now.
    public func statements(
        differingFrom ranges: [FingerprintedRange], on basis: AgreementBasis
    ) throws -> [StatedRange]? {
        try withRowTree(on: basis) { tree, context in
            let key = try context.agreementKey()
            var statements: [StatedRange] = []
            for theirs in ranges {
                let digest = try tree.digest(of: theirs.range)
                if key.fingerprint(of: theirs.range, digest: digest) == theirs.fingerprint { continue }
                let statement =
                    try tree.isLeaf(theirs.range)
                    ? context.rowStatement(of: theirs.range, in: tree, atMost: Limits.rangeRows)
                    : context.children(of: theirs.range, in: &tree)
                statements.append(StatedRange(range: theirs.range, statement: statement))
            }
            return statements
        }
    }

    /// The merge states of rows.
    ///
    /// - Returns: nil when rows are made from something else than `basis` by now.
    public func states(of keys: [RowKey], on basis: AgreementBasis) throws -> [StatedRow]? {
        try withReader { context in
            guard try context.agreementBasis() == basis else { return nil }
            return try keys.map { StatedRow(key: $0, state: try context.comparedState(of: $0)) }
        }
    }

    // MARK: - Repair

    /// Makes rows anew from the logs, and puts them in the place of those that are something else.
    ///
    /// - Returns: the rows that were something else, as they were and as they are now; nil when rows are made from something
    ///   else than `basis` by now.
    public func replay(_ keys: [RowKey], on basis: AgreementBasis) throws -> [RowDifference]? {
        let repaired: [RowDifference]? = try write { context in
            guard try context.agreementBasis() == basis else { return nil }
            var replay = RowReplay(of: keys, in: context, folder: folder)
            return try replay.repair()
        }
        guard let repaired else { return nil }
        // The log does not tell of it.
        _ = try withRowTree(on: basis) { tree, context in try context.refresh(keys, in: tree) }
        return repaired
    }
}

extension StoreContext {
    /// The key of this plant's fingerprints: that of the newest epoch, once the plant has one.
    func agreementKey() throws -> AgreementKey {
        let roster = try roster()
        for epoch in roster.epochs.values.sorted(by: { $0.order > $1.order }) {
            if let key = try environment.keys.key(of: epoch.id, roster: { roster }) { return AgreementKey(epoch: key) }
        }
        return AgreementKey(plant: environment.plant)
    }

    /// What this replica's rows are made from.
    func agreementBasis() throws -> AgreementBasis {
        AgreementBasis(
            data: VectorDigest.root(try log.vector(of: .data)), roster: VectorDigest.root(try log.vector(of: .roster)),
            epoch: try agreementKey().epoch)
    }

    fileprivate func children(of range: RowRange, in tree: inout RowTree) throws -> RangeStatement {
        let key = try agreementKey()
        var children: [RowFingerprint] = []
        for child in range.children { children.append(key.fingerprint(of: child, digest: try tree.digest(of: child))) }
        return .children(children)
    }

    /// The rows of a range, read from the tables: what the tree has of them may be out of date, when somebody wrote to them
    /// behind the library's back.
    fileprivate func rowStatement(of range: RowRange, in tree: RowTree, atMost limit: Int) throws -> RangeStatement {
        let key = try agreementKey()
        let rows = try tree.rows(in: range, atMost: limit)
        let digests = try refresh(rows, in: tree)
        return .rows(
            zip(rows, digests).compactMap { row, digest in
                digest.map { RangeStatement.Row(key: row, fingerprint: key.fingerprint(ofRow: $0)) }
            })
    }

    /// Reads rows into the tree, and returns their digests.
    @discardableResult
    fileprivate func refresh(_ keys: [RowKey], in tree: RowTree) throws -> [RowDigest?] {
        var digests: [RowDigest?] = []
        var changed: [RowKey] = []
        for key in keys {
            let digest = try digest(of: key)
            digests.append(digest)
            if try tree.put(key, digest) { changed.append(key) }
        }
        if !changed.isEmpty { try tree.invalidate(changed) }
        return digests
    }

    /// The state of a row as peers tell each other: in canonical form, or a hash of that when it is long; empty when there is
    /// none, or when it cannot be read.
    func comparedState(of key: RowKey) throws -> [UInt8] {
        do {
            guard let (state, _) = try rows.load(table: key.table, row: key.row) else { return [] }
            return try comparedForm(of: state, at: key)
        } catch let error as StoreError where error.code == .corrupted {
            return []
        }
    }

    func comparedForm(of state: RowState<[Value]>, at key: RowKey) throws -> [UInt8] {
        let encoded = try DigestBuilder(context: self).encoded(state, table: key.table, row: key.row)
        return encoded.count <= Limits.comparedStateBytes ? encoded : RowDigest(of: encoded).bytes
    }
}
