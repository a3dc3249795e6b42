import Dispatch
import Glibc
import Synchronization
import Testing

@testable import Telemetry

@Suite struct LogWriterTests {
    private final class Sink: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        func take(_ lines: [UInt8]) {
            bytes.withLock { $0 += lines }
        }

        var text: String {
            bytes.withLock { String(decoding: $0, as: UTF8.self) }
        }
    }

    @Test func dropsAndCountsWhatASlowOutputCannotTake() {
        let sink = Sink()
        let entered = DispatchSemaphore(value: 0)
        let open = DispatchSemaphore(value: 0)
        let isFirst = Atomic(true)
        let writer = LogWriter(
            limit: 10,
            write: { lines in
                if isFirst.exchange(false, ordering: .relaxed) {
                    entered.signal()
                    open.wait()
                }
                sink.take(lines)
            },
            reportDropped: { [UInt8]("dropped \($0)\n".utf8) })
        writer.append([UInt8]("1\n".utf8))
        entered.wait()
        for line in ["22222\n", "333\n", "4\n", "55\n"] { writer.append([UInt8](line.utf8)) }
        open.signal()
        writer.flush(seconds: 5)
        #expect(sink.text == "1\n22222\n333\ndropped 2\n")
        writer.append([UInt8]("6\n".utf8))
        writer.flush(seconds: 5)
        #expect(sink.text == "1\n22222\n333\ndropped 2\n6\n")
    }

    @Test func linesOfManyThreadsStayWhole() {
        let sink = Sink()
        let writer = LogWriter(write: { sink.take($0) }, reportDropped: { _ in [] })
        DispatchQueue.concurrentPerform(iterations: 8) { worker in
            for index in 0..<500 { writer.append([UInt8]("\(worker) \(index) end\n".utf8)) }
        }
        writer.flush(seconds: 5)
        let lines = sink.text.split(separator: "\n")
        #expect(lines.count == 4000)
        #expect(lines.allSatisfy { $0.hasSuffix(" end") })
        #expect(lines.filter { $0.hasPrefix("3 ") } == (0..<500).map { "3 \($0) end" })
    }

    @Test func writesToADescriptorToTheEndThoughItDoesNotBlock() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (reading, writing) = (ends[0], ends[1])
        try #require(fcntl(writing, F_SETFL, O_NONBLOCK) == 0)
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0) }
        let queue = DispatchQueue(label: "writing")
        queue.async {
            LogWriter.write(bytes, to: writing)
            close(writing)
        }
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            var poller = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            try #require(poll(&poller, 1, 5000) == 1)
            let count = read(reading, &chunk, chunk.count)
            if count <= 0 { break }
            received += chunk.prefix(count)
        }
        close(reading)
        #expect(received == bytes)
    }

    @Test func givesUpOnABrokenDescriptor() {
        LogWriter.write([1, 2, 3], to: -1)
    }
}
