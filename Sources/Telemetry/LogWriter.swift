import Dispatch
import Glibc
import Synchronization

/// Writes log lines one after the other on a queue of its own, so that a slow terminal or pipe never stops the thread that logs.
///
/// Holds at most `limit` bytes that are not yet written; lines beyond are dropped, and a line that says how many is written in their place.
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
    ///   - limit: bytes.
    ///   - write: gets whole lines, on the queue; may block.
    ///   - reportDropped: the line for that many dropped ones.
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

    /// Waits until everything appended before is written, but not longer than `seconds`.
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

    /// Writes to a descriptor until all is out. What a broken descriptor does not take is lost: there is nobody left to tell.
    static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest, rest.count)
            if count > 0 {
                rest.removeFirst(count)
            } else if count < 0, errno == EAGAIN {
                // Whoever shares the terminal made it non-blocking.
                var poller = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&poller, 1, 1000)
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}
