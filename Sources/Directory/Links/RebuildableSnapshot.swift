/// The content of a followed topic. If the topic was created again, the new content is collected separately until its end is reached, so
/// that readers never see a part of it.
struct RebuildableSnapshot<Value> {
    /// The value in use.
    private(set) var current: Value
    private var gathered: Value?

    init(_ value: Value) {
        current = value
    }

    /// Whether new content is being collected.
    var isRenewing: Bool { gathered != nil }

    /// Discards the log's content so far; the log is read again.
    mutating func restart(from empty: Value) { gathered = empty }

    /// Handles the end of the log.
    mutating func complete() {
        guard let gathered else { return }
        current = gathered
        self.gathered = nil
    }

    /// Applies a record of the log, in place.
    mutating func apply(_ change: (inout Value) -> Void) {
        guard var gathered else { return change(&current) }
        self.gathered = nil  // so that the change copies nothing
        change(&gathered)
        self.gathered = gathered
    }
}

extension RebuildableSnapshot: Sendable where Value: Sendable {}
