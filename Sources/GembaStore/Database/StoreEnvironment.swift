import GembaCausality
import GembaTrust
import GembaWire

/// What stays the same while a replica is open.
struct StoreEnvironment: Sendable {
    let plant: PlantID
    let identity: StationIdentity
    let schema: Schema
    let layouts: [TableID: TableLayout]
    let layoutsByName: [String: TableLayout]
    /// The tables from which others are derived.
    let derivedFrom: Set<TableID>
    let sources: ReplicaSources
    let rosterCache = RosterCache()
    let keys: EpochKeys
    let quota = DiskQuota()

    init(plant: PlantID, identity: StationIdentity, schema: Schema, sources: ReplicaSources) throws(StoreError) {
        self.plant = plant
        self.identity = identity
        self.schema = schema
        self.sources = sources
        keys = EpochKeys(of: identity, plant: plant)
        try schema.validate()
        let ranks = Dictionary(schema.ranks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let layouts = schema.tables.map { TableLayout($0, ranks: ranks) }
        self.layouts = Dictionary(uniqueKeysWithValues: layouts.map { ($0.table.id, $0) })
        layoutsByName = Dictionary(uniqueKeysWithValues: layouts.map { ($0.table.name, $0) })
        let derivationSources = Set(schema.derivations.flatMap(\.sources))
        derivedFrom = Set(schema.tables.filter { derivationSources.contains($0.name) }.map(\.id))
    }
}

extension Schema {
    /// Refuses declarations that contradict themselves.
    func validate() throws(StoreError) {
        var ids: Set<TableID> = []
        var names: Set<String> = []
        for table in tables {
            guard ids.insert(table.id).inserted, names.insert(table.name.lowercased()).inserted else {
                throw StoreError(
                    .invalidSchema, "Table \(table.name) or its number \(table.id.rawValue) is declared twice.")
            }
            let name = table.name.lowercased()
            let isReserved = name.hasPrefix("sqlite_") || name == ConflictTable.name
            guard !isReserved, table.isHidden || !name.hasPrefix("gemba_") else {
                throw StoreError(.invalidSchema, "The name of table \(table.name) is reserved.")
            }
            try table.validate()
        }
        guard Set(ranks.map(\.id)).count == ranks.count else {
            throw StoreError(.invalidSchema, "Two rank functions have the same name.")
        }
    }
}

extension Table {
    func validate() throws(StoreError) {
        var groupIDs: Set<GroupID> = []
        var columns: Set<String> = ["id", "gemba_meta"]
        for group in groups {
            guard groupIDs.insert(group.id).inserted else {
                throw StoreError(.invalidSchema, "Table \(name) declares group \(group.id.rawValue) twice.")
            }
            guard !group.columns.isEmpty else {
                throw StoreError(.invalidSchema, "Group \(group.id.rawValue) of table \(name) has no column.")
            }
            try validateRule(of: group)
            for column in group.columns {
                guard columns.insert(column.name.lowercased()).inserted else {
                    throw StoreError(
                        .invalidSchema, "Column \(column.name) of table \(name) is reserved or declared twice.")
                }
                guard column.accepts(column.defaultValue), column.defaultValue.isCanonical else {
                    throw StoreError(
                        .invalidSchema, "The default of column \(column.name) of table \(name) does not fit it.")
                }
            }
        }
        for column in indexes.joined() where !columns.contains(column.lowercased()) {
            throw StoreError(.invalidSchema, "An index of table \(name) names the unknown column \(column).")
        }
        let texts = Set(groups.flatMap(\.columns).filter { $0.accepts(.text("")) }.map(\.name))
        guard texts.isSuperset(of: searchable), Set(searchable).count == searchable.count else {
            throw StoreError(
                .invalidSchema, "What is searchable in table \(name) has to be columns of texts, each named once.")
        }
    }

    private func validateRule(of group: Group) throws(StoreError) {
        switch group.rule.choice {
        case .latest: return
        case .greatest(_, let column?) where !group.columns.contains { $0.name == column }:
            throw StoreError(
                .invalidSchema,
                "Group \(group.id.rawValue) of table \(name) is ranked by \(column), which it does not have.")
        case .first, .greatest, .function:
            guard group.merge != .set else {
                throw StoreError(
                    .invalidSchema, "Group \(group.id.rawValue) of table \(name) is a set; all its elements are shown.")
            }
        }
    }
}
