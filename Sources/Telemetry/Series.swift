import NIOCore
import Synchronization

/// One time series: its numbers and how they are written. Updated without a lock, by any thread.
protocol Series: AnyObject, Sendable {
    /// `module="cdrs",version="2.2.1"`, rendered once when the series appears; empty without dimensions.
    var labels: String { get }

    /// Appends the sample lines of this series.
    func write(name: String, into buffer: inout ByteBuffer)
}

extension Atomic where Value == Double {
    /// Atomic addition; the hardware has none for floating point, so this retries until no other thread came between.
    func add(_ amount: Double) {
        var seen = load(ordering: .relaxed)
        while true {
            let (exchanged, original) = weakCompareExchange(expected: seen, desired: seen + amount, ordering: .relaxed)
            if exchanged { return }
            seen = original
        }
    }
}
