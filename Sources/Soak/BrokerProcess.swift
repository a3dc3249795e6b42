import Foundation
import OCPI
import Synchronization

/// `ocn broker` as a child process.
struct BrokerProcess: Sendable {
    let process: ChildProcess
    /// Where clients connect.
    let bootstrap: String

    /// Starts it and waits for its address.
    static func start(_ program: String, prefix: String, services: [PartyID], log: LogFolder) async throws -> BrokerProcess {
        let pipe = Pipe()
        let (lines, heard) = AsyncStream<String>.makeStream()
        let rest = Mutex("")
        pipe.fileHandleForReading.readabilityHandler = { handle in
            let data = handle.availableData
            guard !data.isEmpty else {
                handle.readabilityHandler = nil
                return heard.finish()
            }
            let complete = rest.withLock { rest -> [String] in
                rest += String(decoding: data, as: UTF8.self)
                var parts = rest.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                rest = parts.popLast() ?? ""
                return parts
            }
            for line in complete { heard.yield(line) }
        }
        let process = try ChildProcess(
            program, ["broker", "--prefix", prefix, "--log-level", "warning"] + services.flatMap { ["--service", $0.description] },
            environment: ChildProcess.environment, output: pipe, errors: try log.file("broker"))
        for await line in lines where line.hasPrefix("bootstrap=") {
            return BrokerProcess(process: process, bootstrap: String(line.dropFirst("bootstrap=".count)))
        }
        await process.stop(patience: .zero)
        throw SoakFailure("`ocn broker` did not say where it is\(log.hint("broker"))")
    }
}

/// Where the processes' logs go: a folder with a file for each, or nowhere.
struct LogFolder: Sendable {
    let path: String?

    /// - Throws: if the folder cannot be made.
    init(_ path: String?) throws {
        self.path = path
        if let path { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
    }

    /// What a process writes goes behind what an earlier one of that name wrote.
    func file(_ name: String) throws -> FileHandle {
        guard let path else { return .nullDevice }
        let file = "\(path)/\(name).log"
        if !FileManager.default.fileExists(atPath: file) { _ = FileManager.default.createFile(atPath: file, contents: nil) }
        guard let handle = FileHandle(forWritingAtPath: file) else { throw SoakFailure("cannot write \(file)") }
        try handle.seekToEnd()
        return handle
    }

    /// Where to look, for messages.
    func hint(_ name: String) -> String { path.map { "; see \($0)/\(name).log" } ?? "; --logs FOLDER keeps what it says" }
}
