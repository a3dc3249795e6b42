import Glibc
import Instruments
import NIOCore

/// The kernel's figures of this process (`/proc/self`), under the names that Prometheus' own clients use.
struct ProcessMetrics: Equatable {
    var cpuSeconds: Double
    var residentBytes: Int
    var threads: Int
    /// The start time, in seconds since 1970.
    var startSeconds: Double
    var openFiles: Int?
    var openFilesLimit: Int?

    /// The present figures; nil without `/proc`.
    static func current() -> ProcessMetrics? {
        guard let stat = contents(of: "/proc/self/stat"), let system = contents(of: "/proc/stat") else { return nil }
        guard
            var metrics = ProcessMetrics(
                stat: stat, bootSeconds: bootSeconds(in: system) ?? 0,
                ticksPerSecond: sysconf(Int32(_SC_CLK_TCK)), pageBytes: sysconf(Int32(_SC_PAGESIZE)))
        else { return nil }
        metrics.openFiles = countOpenFiles()
        metrics.openFilesLimit = OpenFiles.limit
        return metrics
    }

    /// Parses the line of proc(5) `/proc/pid/stat`. The program's name in it may hold blanks and parentheses, so fields count from the last
    /// `)`.
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
        for figure in Self.figures {
            guard let value = figure.value(self) else { continue }
            let declaration = figure.declaration
            MetricText.writeHead(declaration.name, type: declaration.kind.rawValue, help: declaration.help, into: &buffer)
            MetricText.writeSample(declaration.name, labels: "", value: MetricText.number(value), into: &buffer)
        }
    }

    static var declarations: [MetricDeclaration] { figures.map(\.declaration) }

    private struct Figure: Sendable {
        let declaration: MetricDeclaration
        /// Nil if the kernel does not report it.
        let value: @Sendable (ProcessMetrics) -> Double?

        init(
            _ name: String, _ kind: MetricDeclaration.Kind, unit: String, _ help: String,
            _ value: @escaping @Sendable (ProcessMetrics) -> Double?
        ) {
            declaration = MetricDeclaration(name, kind, unit: unit, help)
            self.value = value
        }
    }

    private static let figures = [
        Figure("process_cpu_seconds_total", .counter, unit: "seconds", "User and system CPU time in seconds.") { $0.cpuSeconds },
        Figure("process_max_fds", .gauge, unit: "files", "Limit of open file descriptors.") { $0.openFilesLimit.map(Double.init) },
        Figure("process_open_fds", .gauge, unit: "files", "Open file descriptors.") { $0.openFiles.map(Double.init) },
        Figure("process_resident_memory_bytes", .gauge, unit: "bytes", "Resident memory in bytes.") { Double($0.residentBytes) },
        Figure("process_start_time_seconds", .gauge, unit: "seconds", "Start of the process, seconds since 1970.") { $0.startSeconds },
        Figure("process_threads", .gauge, unit: "threads", "Threads of the process.") { Double($0.threads) },
    ]

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
}
