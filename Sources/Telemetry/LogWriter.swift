import Dispatch
import Glibc
import Synchronization

/// Writes log lines in order on a queue of its own, so that a slow terminal or pipe never blocks the logging thread.
///
/// Holds at most `limit` unwritten bytes; further lines are dropped, and a line with their number is written in their place.
final class LogWriter: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        var dropped = 0
        var isDraining = false
    }

    private let limit: Int
    private let write: @Sendable ([UInt8]) -> Void
    private let reportDropped: @Sendable (Int) -> [UInt8]
    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "log")

    /// - Parameters:
    ///   - limit: the most unwritten bytes.
    ///   - write: writes whole lines, on the queue; may block.
    ///   - reportDropped: makes the line for that many dropped ones.
    init(limit: Int = 4 << 20, write: @escaping @Sendable ([UInt8]) -> Void, reportDropped: @escaping @Sendable (Int) -> [UInt8]) {
        self.limit = limit
        self.write = write
        self.reportDropped = reportDropped
    }

    func append(_ line: [UInt8]) {
        let mustStart = state.withLock { state in
            guard state.waiting.count + line.count <= limit else {
                state.dropped += 1
                return false
            }
            state.waiting += line
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if mustStart { queue.async { self.drain() } }
    }

    /// Waits until every line appended before is written, at most `seconds`.
    func flush(seconds: Int) {
        let done = DispatchSemaphore(value: 0)
        // Drains itself: the thread that wrote last may not have started its own drain yet.
        queue.async {
            self.drain()
            done.signal()
        }
        _ = done.wait(timeout: .now() + .seconds(seconds))
    }

    private func drain() {
        while true {
            let (lines, dropped) = state.withLock { state in
                let taken = (state.waiting, state.dropped)
                state.waiting = []
                state.dropped = 0
                state.isDraining = !taken.0.isEmpty || taken.1 > 0
                return taken
            }
            if lines.isEmpty, dropped == 0 { return }
            if !lines.isEmpty { write(lines) }
            if dropped > 0 { write(reportDropped(dropped)) }
        }
    }

    /// Writes all bytes to a descriptor. Bytes that a broken descriptor refuses are lost, because there is no other output for an error.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest, rest.count)
            if count > 0 {
                rest.removeFirst(count)
            } else if count < 0, errno == EAGAIN {
                // Another process that shares the terminal may have made it non-blocking.
                var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&poller, 1, 1000)
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}
