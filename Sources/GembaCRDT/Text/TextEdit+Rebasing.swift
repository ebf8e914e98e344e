extension TextEdit {
    /// What this edit does to a text that another edit has changed in the meantime: both are edits of the same text.
    ///
    /// What both remove goes once. Where both insert, this one's characters come first.
    ///
    /// Source: inclusion transformation, as in Ellis and Gibbs, "Concurrency Control in Groupware Systems" (SIGMOD 1989).
    public func rebased(over other: TextEdit) -> TextEdit {
        var result = TextEdit()
        var (own, others) = (steps[...], other.steps[...])
        while let step = own.first {
            if case .insert(let text) = step {
                result.insert(text)
                own.removeFirst()
            } else if case .insert(let text) = others.first {
                result.keep(text.unicodeScalars.count)
                others.removeFirst()
            } else {
                let count = min(step.length, others.first?.length ?? .max)
                let remains = others.first?.removes != true
                if remains, step.removes { result.remove(count) } else if remains { result.keep(count) }
                own.consume(count)
                others.consume(count)
            }
        }
        result.finish()
        return result
    }
}

extension TextEdit.Step {
    /// How many characters of the text before the edit it goes over.
    fileprivate var length: Int {
        switch self {
        case .keep(let count), .remove(let count): count
        case .insert: 0
        }
    }

    fileprivate var removes: Bool { if case .remove = self { true } else { false } }
}

extension ArraySlice<TextEdit.Step> {
    /// Takes characters off the first step, which keeps or removes them; without any step all are kept.
    fileprivate mutating func consume(_ count: Int) {
        guard let step = popFirst(), step.length > count else { return }
        insert(step.removes ? .remove(step.length - count) : .keep(step.length - count), at: startIndex)
    }
}
