import GembaCausality
import GembaWire

/// A text as the specification defines it: the traversal of a tree of single characters, made at once from all effects.
///
/// It shares nothing with the library's own, and is as slow as it looks.
struct ReferenceText {
    typealias ID = TextEffect.CharacterID

    struct Character {
        var id: ID
        var scalar: Unicode.Scalar
        var isDeleted = false
    }

    /// All characters, in the order of the text.
    let characters: [Character]

    var shown: String {
        var text = String.UnicodeScalarView()
        for character in characters where !character.isDeleted { text.append(character.scalar) }
        return String(text)
    }

    /// - Parameter ascending: the order of changes where they decide between siblings.
    init(_ effects: [(dot: Dot, effect: TextEffect)], ascending: (Dot, Dot) -> Bool) {
        var scalars: [ID: Unicode.Scalar] = [:]
        var parents: [ID: TextEffect.Parent] = [:]
        for (dot, effect) in effects {
            var offset: UInt32 = 0
            for insertion in effect.insertions {
                var parent = insertion.parent
                for scalar in insertion.text.unicodeScalars {
                    let id = ID(dot: dot, offset: offset)
                    scalars[id] = scalar
                    parents[id] = parent
                    parent = .character(id, .right)
                    offset += 1
                }
            }
        }
        // What hangs on a character that never was hangs at the beginning.
        var children: [TextEffect.Parent: [ID]] = [:]
        for (id, parent) in parents {
            if case .character(let name, _) = parent, scalars[name] == nil {
                children[.beginning, default: []].append(id)
            } else {
                children[parent, default: []].append(id)
            }
        }
        let deleted = Self.deleted(by: effects.map(\.effect), among: scalars)
        characters = Self.traversal(of: children, ascending: ascending).compactMap { id in
            scalars[id].map { Character(id: id, scalar: $0, isDeleted: deleted.contains(id)) }
        }
    }

    private static func deleted(by effects: [TextEffect], among scalars: [ID: Unicode.Scalar]) -> Set<ID> {
        var deleted: Set<ID> = []
        for deletion in effects.flatMap(\.deletions) {
            for step in 0..<deletion.count {
                let id = ID(dot: deletion.first.dot, offset: deletion.first.offset + step)
                // Offsets have no gaps, so the first that is not there ends it.
                if scalars[id] == nil { break }
                deleted.insert(id)
            }
        }
        return deleted
    }

    private static func traversal(
        of children: [TextEffect.Parent: [ID]], ascending: (Dot, Dot) -> Bool
    ) -> [ID] {
        enum Step {
            case visit(ID)
            case emit(ID)
        }
        func sorted(_ parent: TextEffect.Parent) -> [Step] {
            (children[parent] ?? []).sorted { left, right in
                left.dot == right.dot ? left.offset < right.offset : ascending(left.dot, right.dot)
            }.map { .visit($0) }
        }
        var order: [ID] = []
        var stack = Array(sorted(.beginning).reversed())
        while let step = stack.popLast() {
            switch step {
            case .emit(let id): order.append(id)
            case .visit(let id):
                let steps = sorted(.character(id, .left)) + [.emit(id)] + sorted(.character(id, .right))
                stack += steps.reversed()
            }
        }
        return order
    }
}
