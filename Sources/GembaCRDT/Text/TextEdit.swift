/// What one change does to a text, told by positions: from the beginning on, characters are kept, removed, and inserted.
///
/// Always in normal form: neighbouring steps differ in kind, none is empty, an insertion comes before a removal at the
/// same place, and what was inserted and removed again is not there. So a change edits a text once, however many times a
/// person changed their mind while making it.
public struct TextEdit: Sendable {
    /// A part of an edit.
    public enum Step: Hashable, Sendable {
        /// Goes over characters.
        case keep(Int)
        /// Puts characters here.
        case insert(String)
        /// Takes characters away.
        case remove(Int)
    }

    /// The steps; nothing is said of what follows the last one, which stays.
    public private(set) var steps: [Step] = []

    /// An edit that does nothing.
    public init() {}

    /// Whether it does nothing.
    public var isEmpty: Bool { steps.isEmpty }

    /// How many characters the text has at least.
    public var lengthBefore: Int {
        steps.reduce(0) { length, step in
            switch step {
            case .keep(let count), .remove(let count): length + count
            case .insert: length
            }
        }
    }

    // MARK: - Building from the beginning on

    /// Goes over characters.
    public mutating func keep(_ count: Int) {
        if count == 0 { return }
        if case .keep(let before) = steps.last {
            steps[steps.count - 1] = .keep(before + count)
        } else {
            steps.append(.keep(count))
        }
    }

    /// Inserts characters here.
    public mutating func insert(_ text: String) {
        if text.isEmpty { return }
        switch steps.last {
        case .insert(let before):
            steps[steps.count - 1] = .insert(before + text)
        case .remove(let count):
            steps.removeLast()
            insert(text)
            steps.append(.remove(count))
        case .keep, nil:
            steps.append(.insert(text))
        }
    }

    /// Takes characters away here.
    public mutating func remove(_ count: Int) {
        if count == 0 { return }
        if case .remove(let before) = steps.last {
            steps[steps.count - 1] = .remove(before + count)
        } else {
            steps.append(.remove(count))
        }
    }

    /// Forgets a last step that keeps, which says nothing.
    public mutating func finish() {
        if case .keep = steps.last { steps.removeLast() }
    }
}

extension TextEdit {
    /// Replaces the characters at positions of the text as this edit leaves it.
    ///
    /// Linear in the edit.
    public mutating func replace(_ positions: Range<Int>, with text: String) {
        var result = TextEdit()
        var rest = ArraySlice(steps)
        result.take(positions.lowerBound, from: &rest)
        result.insert(text)
        result.drop(positions.count, from: &rest)
        for step in rest { result.append(step) }
        result.finish()
        self = result
    }

    private mutating func append(_ step: Step) {
        switch step {
        case .keep(let count): keep(count)
        case .insert(let text): insert(text)
        case .remove(let count): remove(count)
        }
    }

    /// Moves steps that make the next `count` characters of the text here; beyond the last step there is only text that
    /// is kept.
    private mutating func take(_ count: Int, from steps: inout ArraySlice<Step>) {
        var count = count
        while count > 0 {
            switch steps.popFirst() {
            case nil:
                keep(count)
                count = 0
            case .remove(let removed): remove(removed)
            case .keep(let kept):
                keep(min(kept, count))
                if kept > count { steps.insert(.keep(kept - count), at: steps.startIndex) }
                count -= min(kept, count)
            case .insert(let text):
                let (taken, left) = Self.split(text, at: count)
                insert(taken)
                if !left.isEmpty { steps.insert(.insert(left), at: steps.startIndex) }
                count -= taken.unicodeScalars.count
            }
        }
    }

    /// Removes the next `count` characters of the text: what was inserted is nothing, what was there goes.
    private mutating func drop(_ count: Int, from steps: inout ArraySlice<Step>) {
        var count = count
        while count > 0 {
            switch steps.popFirst() {
            case nil:
                remove(count)
                count = 0
            case .remove(let removed): remove(removed)
            case .keep(let kept):
                remove(min(kept, count))
                if kept > count { steps.insert(.keep(kept - count), at: steps.startIndex) }
                count -= min(kept, count)
            case .insert(let text):
                let (dropped, left) = Self.split(text, at: count)
                if !left.isEmpty { steps.insert(.insert(left), at: steps.startIndex) }
                count -= dropped.unicodeScalars.count
            }
        }
    }

    private static func split(_ text: String, at count: Int) -> (String, String) {
        let scalars = text.unicodeScalars
        guard let place = scalars.index(scalars.startIndex, offsetBy: count, limitedBy: scalars.endIndex) else {
            return (text, "")
        }
        return (String(scalars[..<place]), String(scalars[place...]))
    }
}
