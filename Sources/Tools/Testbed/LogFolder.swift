import Foundation

/// The destination of the processes' logs: a folder with one file for each, or none.
package struct LogFolder: Sendable {
    /// The folder; nil for none.
    package let path: String?
    /// The log level of the processes.
    package let level: String
    private let isTemporary: Bool

    /// The given folder, or none.
    /// - Throws: if the folder cannot be created.
    package init(_ path: String?) throws {
        self.path = path
        level = path == nil ? "error" : "info"
        isTemporary = false
        if let path { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    }

    /// A new folder in the system's temporary directory, for logs that are only needed if something fails.
    /// - Throws: if the folder cannot be created.
    package init(temporary name: String) throws {
        let folder = FileManager.default.temporaryDirectory.path + "/\(name)-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder
        level = "warning"
        isTemporary = true
    }

    /// Deletes a temporary folder; a given one is kept.
    package func discard() {
        // A failure to delete it has no consequences.
        if isTemporary, let path { try? FileManager.default.removeItem(atPath: path) }
    }

    /// Appends to the file of that name.
    func file(_ name: String) throws -> FileHandle {
        guard let path else { return .nullDevice }
        let file = "\(path)/\(name).log"
        if !FileManager.default.fileExists(atPath: file) { _ = FileManager.default.createFile(atPath: file, contents: nil) }
        guard let handle = FileHandle(forWritingAtPath: file) else { throw TestbedFailure("cannot write \(file)") }
        try handle.seekToEnd()
        return handle
    }

    /// A hint for messages where the log is.
    func hint(_ name: String) -> String { path.map { "; see \($0)/\(name).log" } ?? "; --logs FOLDER keeps what it says" }
}
