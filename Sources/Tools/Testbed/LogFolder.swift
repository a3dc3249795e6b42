import Foundation

/// Where the processes' logs go: a folder with a file for each, or nowhere.
package struct LogFolder: Sendable {
    /// The folder; nil for nowhere.
    package let path: String?
    /// How much processes are told to log.
    package let level: String
    private let isTemporary: Bool

    /// A folder that somebody asked for, or nowhere.
    /// - Throws: if the folder cannot be made.
    package init(_ path: String?) throws {
        self.path = path
        level = path == nil ? "error" : "info"
        isTemporary = false
        if let path { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    }

    /// A folder of its own below the system's one for temporary files, for what is only worth reading if something fails.
    /// - Throws: if the folder cannot be made.
    package init(temporary name: String) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/\(name)-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder
        level = "warning"
        isTemporary = true
    }

    /// Deletes a temporary folder; one that somebody asked for stays.
    package func discard() {
        // One that cannot be deleted is in nobody's way.
        if isTemporary, let path { try? FileManager.default.removeItem(atPath: path) }
    }

    /// What a process writes goes behind what an earlier one of that name wrote.
    func file(_ name: String) throws -> FileHandle {
        guard let path else { return .nullDevice }
        let file = "\(path)/\(name).log"
        if !FileManager.default.fileExists(atPath: file) { _ = FileManager.default.createFile(atPath: file, contents: nil) }
        guard let handle = FileHandle(forWritingAtPath: file) else { throw TestbedFailure("cannot write \(file)") }
        try handle.seekToEnd()
        return handle
    }

    /// Where to look, for messages.
    func hint(_ name: String) -> String { path.map { "; see \($0)/\(name).log" } ?? "; --logs FOLDER keeps what it says" }
}
