import Foundation

/// What a process holds.
struct Footprint: Sendable, Equatable {
    /// Resident memory, bytes.
    var memory: Int
    /// Open descriptors: files, connections, and what threads are woken with.
    var descriptors: Int

    /// Of a process now; nil if it has ended.
    static func of(_ process: Int32) -> Footprint? {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
            let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd"),
            let memory = resident(status)
        else { return nil }
        return Footprint(memory: memory, descriptors: open.count)
    }

    /// `VmRSS:     12345 kB`
    static func resident(_ status: String) -> Int? {
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }
}
