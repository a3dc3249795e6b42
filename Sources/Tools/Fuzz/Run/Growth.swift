/// The resources that a process used in the course of a run.
struct Growth: Sendable, Equatable {
    /// Accepted growth of memory after the warm-up, bytes. Allocators and bounded caches fill up slowly.
    static let memoryBound = 96 * 1024 * 1024
    /// Accepted growth of the number of open descriptors.
    static let descriptorsBound = 24

    /// Before the first input.
    var start: Footprint
    /// The maximum until the end of the warm-up.
    var warm: Footprint
    /// At the end, when no request is running.
    var end: Footprint?

    init(_ start: Footprint) {
        self.start = start
        warm = start
    }

    mutating func warmUp(_ now: Footprint) {
        warm.memory = max(warm.memory, now.memory)
        warm.descriptors = max(warm.descriptors, now.descriptors)
    }

    /// Descriptions of growth beyond its bound.
    var faults: [String] {
        guard let end else { return [] }
        var faults: [String] = []
        if end.memory - warm.memory > Self.memoryBound {
            faults.append("memory grew from \(warm.memory / 1_048_576) to \(end.memory / 1_048_576) MiB after the warm-up")
        }
        // Connections of inputs are open during the warm-up and closed at the end, so the start is the reference.
        if end.descriptors - start.descriptors > Self.descriptorsBound {
            faults.append("open descriptors grew from \(start.descriptors) to \(end.descriptors)")
        }
        return faults
    }
}
