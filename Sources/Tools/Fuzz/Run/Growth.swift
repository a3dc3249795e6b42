/// What a process held in the course of a run.
struct Growth: Sendable, Equatable {
    /// Bound of what memory may grow by after the warm-up, bytes: what allocators keep and what is bounded by design fills up slowly.
    static let memoryBound = 96 * 1024 * 1024
    /// Bound of what the number of open descriptors may grow by.
    static let descriptorsBound = 24

    /// Before the first input.
    var start: Footprint
    /// The most until the end of the warm-up.
    var warm: Footprint
    /// At the end, when nothing is under way.
    var end: Footprint?

    init(_ start: Footprint) {
        self.start = start
        warm = start
    }

    mutating func warmUp(_ now: Footprint) {
        warm.memory = max(warm.memory, now.memory)
        warm.descriptors = max(warm.descriptors, now.descriptors)
    }

    /// What grew beyond its bound, in words.
    var faults: [String] {
        guard let end else { return [] }
        var faults: [String] = []
        if end.memory - warm.memory > Self.memoryBound {
            faults.append("memory grew from \(warm.memory / 1_048_576) to \(end.memory / 1_048_576) MiB after the warm-up")
        }
        // Connections of inputs are in the warm-up's number; at the end there are none.
        if end.descriptors - start.descriptors > Self.descriptorsBound {
            faults.append("open descriptors grew from \(start.descriptors) to \(end.descriptors)")
        }
        return faults
    }
}
