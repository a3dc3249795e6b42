import Foundation

/// The resources that a process uses.
struct Footprint: Sendable, Equatable {
    /// Resident memory, bytes.
    var memory: Int
    /// Open file descriptors, including those of connections and of event loops.
    var descriptors: Int

    /// The current resources of a process; nil if it has ended.
    static func of(_ process: Int32) -> Footprint? {
        guard let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
            let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd"),
            let memory = resident(status)
        else { return nil }
        return Footprint(memory: memory, descriptors: open.count)
    }

    /// Parses `VmRSS:     12345 kB`.
    static func resident(_ status: String) -> Int? {
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }
}
