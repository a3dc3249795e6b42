import Foundation
import Support
import Synchronization
import Testing

/// The built `ocn` program as a child process.
final class RunningProgram: Sendable {
    private let process: Process
    // A file instead of a pipe: it holds the complete output after the end, and need not be read meanwhile.
    private let output: URL

    /// Starts `ocn` with these arguments and environment variables.
    /// - Parameter openFiles: its limit of open files, if different from the test's.
    init(_ arguments: [String], environment: [String: String] = [:], openFiles: Int? = nil) throws {
        output = FileManager.default.temporaryDirectory.appendingPathComponent("ocn-output-\(UUID().uuidString)")
        try Data().write(to: output)
        let handle = try FileHandle(forWritingTo: output)
        process = Process()
        process.executableURL = RunningProgram.executable
        process.arguments = arguments
        if let openFiles {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", "ulimit -n \(openFiles); exec \"$0\" \"$@\"", RunningProgram.executable.path] + arguments
        }
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, new in new }
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        try handle.close()
    }

    deinit { try? FileManager.default.removeItem(at: output) }

    /// The output so far, of both streams.
    var text: String { (try? Data(contentsOf: output)).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    var isRunning: Bool { process.isRunning }

    /// Its process id.
    var processIdentifier: Int32 { process.processIdentifier }

    /// Sends SIGTERM and waits until it has ended.
    /// - Returns: its exit status.
    @discardableResult
    func terminate() async -> Int32 {
        if process.isRunning {
            process.terminate()
            // A paused process does not handle the signal.
            setPaused(false)
        }
        return await exitStatus()
    }

    /// Pauses or resumes all its threads.
    func setPaused(_ isPaused: Bool) { kill(process.processIdentifier, isPaused ? SIGSTOP : SIGCONT) }

    /// Sends SIGKILL, as the kernel does when memory runs out, and waits until it has ended.
    func crash() async {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        await exitStatus()
    }

    /// Waits until it ends.
    @discardableResult
    func exitStatus() async -> Int32 {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { [process] in
                process.waitUntilExit()
                continuation.resume(returning: process.terminationStatus)
            }
        }
    }

    /// Runs it to its end.
    static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> (status: Int32, text: String) {
        let program = try RunningProgram(arguments, environment: environment)
        let status = await program.exitStatus()
        return (status, program.text)
    }

    /// The program beside the test bundle.
    static var executable: URL {
        // The test runner is in the same folder as the products, or its arguments name the bundle in it.
        let candidates =
            CommandLine.arguments.map { URL(fileURLWithPath: $0).deletingLastPathComponent() } + [
                Bundle.main.bundleURL,
                URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../.build/debug"),
            ]
        return candidates.map { $0.appendingPathComponent("ocn") }.first { FileManager.default.isExecutableFile(atPath: $0.path) }
            ?? URL(fileURLWithPath: "/nonexistent/ocn")
    }
}

/// The programs of one test, which end with it.
final class Programs: Sendable {
    private let running = Mutex<[RunningProgram]>([])

    /// Starts a program.
    func start(_ arguments: [String], environment: [String: String] = [:], openFiles: Int? = nil) throws -> RunningProgram {
        let program = try RunningProgram(arguments, environment: environment, openFiles: openFiles)
        running.withLock { $0.append(program) }
        return program
    }

    /// Starts a node with all roles, and waits until it is ready.
    func startNode(_ node: TestNode, openFiles: Int? = nil) async throws -> RunningProgram {
        let program = try start(["node", "--private-port", "\(node.privatePort)"], environment: node.environment, openFiles: openFiles)
        try await eventually("the node is ready: \(program.text.suffix(2000))", within: .seconds(60)) {
            #expect(program.isRunning, "\(program.text)")
            return try await TestNode.isReady(port: node.privatePort)
        }
        return program
    }

    /// Stops them all, newest first.
    func terminate() async {
        for program in running.withLock({ $0 }).reversed() { await program.terminate() }
    }
}
