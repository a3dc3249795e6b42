import Glibc
import NIOCore
import Testing

@testable import Telemetry

@Suite struct ProcessMetricsTests {
    private let stat = """
        4711 (a ) (b) S 1 4711 4711 0 -1 4194560 1000 0 2 0 250 75 0 0 20 0 9 0 1200 123456789 5000 18446744073709551615 1 1 0 0
        """

    @Test func readsTheKernelsLineAndWritesIt() throws {
        var metrics = try #require(ProcessMetrics(stat: stat, bootSeconds: 1_700_000_000, ticksPerSecond: 100, pageBytes: 4096))
        metrics.openFiles = 12
        metrics.openFilesLimit = 1024
        var buffer = ByteBuffer()
        metrics.write(into: &buffer)
        #expect(
            String(buffer: buffer) == """
                # HELP process_cpu_seconds_total User and system CPU time in seconds.
                # TYPE process_cpu_seconds_total counter
                process_cpu_seconds_total 3.25
                # HELP process_max_fds Limit of open file descriptors.
                # TYPE process_max_fds gauge
                process_max_fds 1024
                # HELP process_open_fds Open file descriptors.
                # TYPE process_open_fds gauge
                process_open_fds 12
                # HELP process_resident_memory_bytes Resident memory in bytes.
                # TYPE process_resident_memory_bytes gauge
                process_resident_memory_bytes 20480000
                # HELP process_start_time_seconds Start of the process, seconds since 1970.
                # TYPE process_start_time_seconds gauge
                process_start_time_seconds 1700000012
                # HELP process_threads Threads of the process.
                # TYPE process_threads gauge
                process_threads 9

                """)
    }

    @Test(arguments: ["", "no parenthesis", "1 (x)", "1 (x) S 1 2 3", "1 (x) S a b c d e f g h i j k l m n o p q r s t u v w"])
    func refusesWhatIsNotSuchALine(_ text: String) {
        #expect(ProcessMetrics(stat: text, bootSeconds: 0, ticksPerSecond: 100, pageBytes: 4096) == nil)
    }

    @Test func findsTheBootTime() {
        #expect(ProcessMetrics.bootSeconds(in: "cpu 1 2 3\nbtime 1700000000\nprocesses 5\n") == 1_700_000_000)
        #expect(ProcessMetrics.bootSeconds(in: "cpu 1 2 3\n") == nil)
    }

    @Test func readsTheFiguresOfThisProcess() throws {
        let metrics = try #require(ProcessMetrics.current())
        #expect(metrics.residentBytes > 1 << 20)
        #expect(metrics.threads >= 1)
        let now = Double(time(nil))
        #expect(metrics.startSeconds > now - 86_400 && metrics.startSeconds <= now + 2)
        #expect(try #require(metrics.openFiles) >= 3)
        #expect(try #require(metrics.openFilesLimit) > 3)
    }
}
