/// What a followed topic says. When the topic was made anew, what it says is gathered aside until its end is reached: nobody is to see
/// half of it.
struct RebuildableSnapshot<Value> {
    /// What is in use.
    private(set) var current: Value
    private var gathered: Value?

    init(_ value: Value) {
        current = value
    }

    /// Whether it is being gathered anew.
    var isRenewing: Bool { gathered != nil }

    /// What the log told is void; it is told again.
    mutating func restart(from empty: Value) { gathered = empty }

    /// The log's end is reached.
    mutating func complete() {
        guard let gathered else { return }
        current = gathered
        self.gathered = nil
    }

    /// Applies what the log tells, in place.
    mutating func apply(_ change: (inout Value) -> Void) {
        guard var gathered else { return change(&current) }
        self.gathered = nil  // so that changing it copies nothing
        change(&gathered)
        self.gathered = gathered
    }
}

extension RebuildableSnapshot: Sendable where Value: Sendable {}
