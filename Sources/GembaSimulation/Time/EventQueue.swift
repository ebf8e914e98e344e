/// Events in the order of their times; those of one time in the order in which they were scheduled. A binary heap.
public struct EventQueue<Event> {
    private struct Item {
        var time: Int
        var order: Int
        var event: Event
    }

    private var heap: [Item] = []
    private var scheduled = 0

    /// A queue without events.
    public init() {}

    /// Whether nothing is scheduled.
    public var isEmpty: Bool { heap.isEmpty }

    /// When the first event is due.
    public var nextTime: Int? { heap.first?.time }

    /// Schedules an event.
    public mutating func push(_ event: Event, at time: Int) {
        scheduled += 1
        heap.append(Item(time: time, order: scheduled, event: event))
        var child = heap.count - 1
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Takes the event that is due next.
    public mutating func pop() -> (time: Int, event: Event)? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            guard least != parent else { return (first.time, first.event) }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time, heap[left].order) < (heap[right].time, heap[right].order)
    }
}
