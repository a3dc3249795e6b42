/// Actions in order. Most events have one at most, and that takes no memory of its own.
struct ActionList<Action: Sendable>: Sequence, Sendable {
    struct Iterator: IteratorProtocol {
        fileprivate var first: Action?
        fileprivate var rest: IndexingIterator<[Action]>

        mutating func next() -> Action? {
            guard let action = first else { return rest.next() }
            first = nil
            return action
        }
    }

    private var first: Action?
    private var rest: [Action] = []

    var isEmpty: Bool { first == nil }

    mutating func append(_ action: Action) {
        if first == nil { first = action } else { rest.append(action) }
    }

    func makeIterator() -> Iterator { Iterator(first: first, rest: rest.makeIterator()) }
}
