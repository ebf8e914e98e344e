import GembaCRDT
import GembaCausality

/// A text as the Fugue paper defines it: a tree of single characters that is traversed anew each time it is read.
///
/// It shares no code with the library, and is as slow as it looks.
struct ReferenceText {
    typealias ID = TextID<Dot>
    typealias Operation = TextOperation<Dot>

    struct Element {
        var scalar: Unicode.Scalar
        var parent: ID?
        var side: Operation.Side
        var isDeleted = false
    }

    private(set) var elements: [ID: Element] = [:]

    /// All characters in the order of the traversal, deleted ones too.
    var order: [ID] {
        var children: [ID?: [ID]] = [:]
        for (id, element) in elements { children[element.parent, default: []].append(id) }
        for parent in children.keys { children[parent]?.sort(by: Self.precedes) }
        var order: [ID] = []
        func visit(_ id: ID?) {
            let all = children[id] ?? []
            for child in all where elements[child]?.side == .left { visit(child) }
            if let id { order.append(id) }
            for child in all where elements[child]?.side == .right { visit(child) }
        }
        visit(nil)
        return order
    }

    var shown: [ID] { order.filter { elements[$0]?.isDeleted == false } }

    var text: String {
        var text = String.UnicodeScalarView()
        for id in shown { if let element = elements[id] { text.append(element.scalar) } }
        return String(text)
    }

    mutating func apply(_ operation: Operation, as name: Dot) {
        var offset: UInt32 = 0
        for insertion in operation.insertions {
            var parent = insertion.parent.flatMap { elements[$0] == nil || $0.name == name ? nil : $0 }
            var side = parent == nil ? .right : insertion.side
            for scalar in insertion.text.unicodeScalars {
                let id = ID(name, offset)
                elements[id] = Element(scalar: scalar, parent: parent, side: side)
                (parent, side) = (id, .right)
                offset += 1
            }
        }
        for deletion in operation.deletions where deletion.first.name != name {
            for step in 0..<deletion.count {
                elements[ID(deletion.first.name, deletion.first.offset + step)]?.isDeleted = true
            }
        }
    }

    /// Where a character goes that is typed at a position (section 4.1, `insert`).
    func parent(forPosition position: Int) -> (parent: ID?, side: Operation.Side) {
        let order = order
        let left = position == 0 ? nil : shown[position - 1]
        let hasRight = elements.values.contains { $0.parent == left && $0.side == .right }
        if !hasRight { return (left, .right) }
        let next = left.flatMap { order.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
        return (order[next], .left)
    }

    private static func precedes(_ left: ID, _ right: ID) -> Bool {
        left.name == right.name ? left.offset < right.offset : left.name < right.name
    }
}
