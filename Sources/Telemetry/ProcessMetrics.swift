import Glibc
import NIOCore

/// What the kernel says about this process (`/proc/self`), under the names that Prometheus' own clients use.
struct ProcessMetrics: Equatable {
    var cpuSeconds: Double
    var residentBytes: Int
    var threads: Int
    /// Since 1970.
    var startSeconds: Double
    var openFiles: Int?
    var openFilesLimit: Int?

    /// Figures of now; nil where there is no `/proc`.
    static func current() -> ProcessMetrics? {
        guard let stat = contents(of: "/proc/self/stat"), let system = contents(of: "/proc/stat") else { return nil }
        guard
            var metrics = ProcessMetrics(
                stat: stat, bootSeconds: bootSeconds(in: system) ?? 0,
                ticksPerSecond: sysconf(Int32(_SC_CLK_TCK)), pageBytes: sysconf(Int32(_SC_PAGESIZE)))
        else { return nil }
        metrics.openFiles = countOpenFiles()
        metrics.openFilesLimit = limitOfOpenFiles()
        return metrics
    }

    /// Reads the line of proc(5) `/proc/pid/stat`.
    /// The program's name in it may hold blanks and parentheses, so fields count from the last `)`.
    init?(stat: String, bootSeconds: Int, ticksPerSecond: Int, pageBytes: Int) {
        guard let end = stat.lastIndex(of: ")"), ticksPerSecond > 0 else { return nil }
        // The first field behind the name is number 3 in the manual.
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        func field(_ number: Int) -> Int? {
            fields.indices.contains(number - 3) ? Int(fields[number - 3]) : nil
        }
        guard let user = field(14), let kernel = field(15), let threads = field(20), let start = field(22), let pages = field(24) else {
            return nil
        }
        let ticks = Double(ticksPerSecond)
        self.cpuSeconds = (Double(user) + Double(kernel)) / ticks
        self.residentBytes = pages.multipliedReportingOverflow(by: pageBytes).partialValue
        self.threads = threads
        self.startSeconds = Double(bootSeconds) + Double(start) / ticks
    }

    /// The boot time in `/proc/stat`.
    static func bootSeconds(in text: String) -> Int? {
        for line in text.split(separator: "\n") where line.hasPrefix("btime ") {
            return Int(line.dropFirst(6))
        }
        return nil
    }

    func write(into buffer: inout ByteBuffer) {
        func write(_ name: String, _ type: String, _ help: String, _ value: String) {
            MetricText.writeHead(name, type: type, help: help, into: &buffer)
            MetricText.writeSample(name, labels: "", value: value, into: &buffer)
        }
        write("process_cpu_seconds_total", "counter", "User and system CPU time in seconds.", MetricText.number(cpuSeconds))
        if let openFilesLimit { write("process_max_fds", "gauge", "Limit of open file descriptors.", String(openFilesLimit)) }
        if let openFiles { write("process_open_fds", "gauge", "Open file descriptors.", String(openFiles)) }
        write("process_resident_memory_bytes", "gauge", "Resident memory in bytes.", String(residentBytes))
        write("process_start_time_seconds", "gauge", "Start of the process, seconds since 1970.", MetricText.number(startSeconds))
        write("process_threads", "gauge", "Threads of the process.", String(threads))
    }

    private static func contents(of path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(file, &chunk, chunk.count)
            if count < 0 { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk.prefix(count)
        }
    }

    private static func countOpenFiles() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var entries = 0
        while readdir(directory) != nil { entries += 1 }
        // Without `.`, `..` and the descriptor that reads the directory.
        return max(0, entries - 3)
    }

    private static func limitOfOpenFiles() -> Int? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return Int(exactly: limit.rlim_cur)
    }
}
