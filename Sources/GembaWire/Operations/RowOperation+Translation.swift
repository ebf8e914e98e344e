public import GembaCausality

extension RowOperation {
    /// The same operation with every dot that it names put in other words.
    public func translated(by word: (Dot) throws -> Dot) rethrows -> RowOperation {
        var result = self
        result.saw = try saw.map(word)
        result.effects = try effects.map { effect in
            Effect(group: effect.group, content: try effect.content.translated(by: word))
        }
        return result
    }
}

extension Effect.Content {
    /// The same effect with every dot that it names put in other words.
    func translated(by word: (Dot) throws -> Dot) rethrows -> Self {
        switch self {
        case .register(let replaces, let values): .register(replaces: try replaces.map(word), values: values)
        case .set(let elements):
            .set(
                try elements.map {
                    Effect.ElementOperation(element: $0.element, adds: $0.adds, saw: try $0.saw.map(word))
                })
        case .increment(let bases, let delta): .increment(bases: try bases.map(word), delta: delta)
        case .base(let replaces, let value):
            .base(replaces: try replaces.map { .init(dot: try word($0.dot), sum: $0.sum) }, value: value)
        case .text(let text): .text(try text.translated(by: word))
        case .fact, .drop, .unknown: self
        }
    }
}

extension TextEffect {
    fileprivate func translated(by word: (Dot) throws -> Dot) rethrows -> TextEffect {
        TextEffect(
            insertions: try insertions.map { insertion in
                switch insertion.parent {
                case .beginning: insertion
                case .character(let id, let side):
                    Insertion(
                        parent: .character(CharacterID(dot: try word(id.dot), offset: id.offset), side),
                        text: insertion.text)
                }
            },
            deletions: try deletions.map { deletion in
                Deletion(
                    first: CharacterID(dot: try word(deletion.first.dot), offset: deletion.first.offset),
                    count: deletion.count)
            })
    }
}

extension OperationBatch {
    /// Puts every dot that the change added last names in other words. Lists of dots are not sorted anew.
    public mutating func translateLastChange(by word: (Dot) throws -> Dot) rethrows {
        for index in dots.indices[before.dots...] { dots[index] = try word(dots[index]) }
        for index in effects.indices[before.effects...] { effects[index] = try effects[index].translated(by: word) }
    }
}
