import GembaCRDT
import GembaCausality
import GembaWire

/// The merge state of a text group.
///
/// Most texts are written once and never edited: then the dot and the plain text say everything. Others have a structure,
/// which is read from its stored form only when an operation changes it.
enum TextState: Sendable {
    /// One insertion, by the change named. The text is nil where only dots matter.
    case fresh(LocalDot, String?)
    /// Edited, as it is stored, without what was deleted; nil where only dots matter.
    case stored(SavedText<Dot>?)
    /// Edited, and being edited.
    case open(TextDocument<Dot>)

    /// What readers see.
    var text: String {
        switch self {
        case .fresh(_, let text): text ?? ""
        case .stored(let saved): saved?.text ?? ""
        case .open(let document): document.text
        }
    }

    /// Whether it is a state at all: a text without any character that ever was is not.
    var isEmpty: Bool {
        if case .open(let document) = self { document.isEmpty } else { false }
    }

    /// The same without content.
    var dotsOnly: TextState {
        switch self {
        case .fresh(let dot, _): .fresh(dot, nil)
        case .stored, .open: .stored(nil)
        }
    }

    /// The text ready for editing.
    func document(global: (LocalDot) throws -> Dot) throws -> TextDocument<Dot> {
        switch self {
        case .fresh(let dot, let text): return TextDocument(text ?? "", insertedBy: try global(dot))
        case .open(let document): return document
        case .stored(let saved):
            guard let saved, let document = try? TextDocument(saved) else {
                throw StoreError(.corrupted, "The structure of a text is damaged; run `gemba verify`.")
            }
            return document
        }
    }

    /// The state after an effect of a change.
    static func applying(
        _ effect: TextEffect, to state: consuming TextState?, as dot: LocalDot, knowing changes: RowStore
    ) throws -> TextState {
        if state == nil, effect.deletions.isEmpty, effect.insertions.count == 1,
            effect.insertions[0].parent == .beginning
        {
            return .fresh(dot, effect.insertions[0].text)
        }
        var document = try state?.document(global: changes.global) ?? TextDocument()
        state = nil
        document.apply(TextOperation(effect), as: try changes.global(dot), namesAscend: try changes.dotsAscend())
        return .open(document)
    }

    /// The state as it is kept: the shortest form, without what was deleted, which the log has.
    func settled(local: (Dot) throws -> LocalDot) throws -> TextState {
        guard case .open(var document) = self else { return self }
        if let name = document.soleInsertion { return .fresh(try local(name), document.text) }
        document.forgetDeleted()
        return .stored(document.saved)
    }
}

/// Two states are equal when they are kept in the same form.
extension TextState: Hashable {
    private var form: [[UInt8]] {
        switch self {
        case .fresh(let dot, let text): [[0], Array("\(dot.replica) \(dot.sequence)".utf8), Array((text ?? "").utf8)]
        case .stored(let saved): [[1], saved?.structure ?? [], Array((saved?.text ?? "").utf8)]
        case .open(let document): [[1], document.saved.structure, Array(document.text.utf8)]
        }
    }

    static func == (left: Self, right: Self) -> Bool { left.form == right.form }

    func hash(into hasher: inout Hasher) { hasher.combine(form) }
}

// MARK: - Effects as operations

extension TextOperation where Name == Dot {
    /// What an effect does to a text.
    init(_ effect: TextEffect) {
        self.init(
            insertions: effect.insertions.map { insertion in
                switch insertion.parent {
                case .beginning: Insertion(parent: nil, side: .right, text: insertion.text)
                case .character(let id, let side):
                    Insertion(
                        parent: TextID(id.dot, id.offset), side: side == .left ? .left : .right, text: insertion.text)
                }
            },
            deletions: effect.deletions.map {
                Deletion(first: TextID($0.first.dot, $0.first.offset), count: $0.count)
            })
    }
}

extension TextEffect {
    /// What is sent of an operation.
    init(_ operation: TextOperation<Dot>) {
        self.init(
            insertions: operation.insertions.map { insertion in
                let parent = insertion.parent.map { id in
                    Parent.character(
                        CharacterID(dot: id.name, offset: id.offset), insertion.side == .left ? .left : .right)
                }
                return Insertion(parent: parent ?? .beginning, text: insertion.text)
            },
            deletions: Self.normalized(
                operation.deletions.map { deletion in
                    let id = CharacterID(dot: deletion.first.name, offset: deletion.first.offset)
                    return Deletion(first: id, count: deletion.count)
                }))
    }

    /// What inserts a text that is new.
    init(inserting text: String) {
        self.init(insertions: [Insertion(parent: .beginning, text: text)], deletions: [])
    }
}
