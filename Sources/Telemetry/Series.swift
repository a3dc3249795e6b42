import NIOCore
import Synchronization

/// One time series: its values and their rendering. Updated without a lock, by any thread.
protocol Series: AnyObject, Sendable {
    /// `module="cdrs",version="2.2.1"`, rendered once when the series appears; empty without dimensions.
    var labels: String { get }

    /// Appends the sample lines of this series.
    func write(name: String, into buffer: inout ByteBuffer)
}

extension Atomic where Value == Double {
    /// Adds atomically. The hardware has no atomic addition for floating point, so this retries while another thread changes the value.
    func add(_ amount: Double) {
        var seen = load(ordering: .relaxed)
        while true {
            let (exchanged, original) = weakCompareExchange(expected: seen, desired: seen + amount, ordering: .relaxed)
            if exchanged { return }
            seen = original
        }
    }
}
