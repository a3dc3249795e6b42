import Synchronization

/// Supervises one process of a role: whenever the process ends, a new one is started.
package final class RolePlace: Sendable {
    /// The role name for all roles in one process.
    package static let wholeNode = "node"
    /// For example `push-2`.
    package let name: String
    /// For example `push`, or ``wholeNode``.
    package let role: String
    /// URL of its private listener.
    package let privateURL: String
    private let program: String
    private let arguments: [String]
    private let environment: [String: String]
    private let log: LogFolder

    private struct State {
        var process: ChildProcess?
        var isStopping = false
        /// How long no process runs after it was killed on purpose.
        var absence: Duration?
        var crashes: [String] = []
    }

    private let state = Mutex(State())

    init(_ role: String, number: Int, program: String, publicPort: Int, privatePort: Int, environment: [String: String], log: LogFolder) {
        self.role = role
        name = "\(role)-\(number)"
        privateURL = "http://127.0.0.1:\(privatePort)"
        self.program = program
        arguments =
            ["node", "--port", "\(publicPort)", "--private-port", "\(privatePort)", "--log-level", log.level]
            + (role == Self.wholeNode ? [] : ["--roles", role])
        self.environment = environment
        self.log = log
    }

    /// Whether the role has the public listener.
    static func isPublic(_ role: String) -> Bool { role == wholeNode || role == "ingress" }

    /// The id of the current process; nil if there is none.
    package var processIdentifier: Int32? { state.withLock { $0.process?.processIdentifier } }

    /// Descriptions of processes that ended unexpectedly.
    package var crashes: [String] { state.withLock { $0.crashes } }

    /// Keeps a process running until ``stop()`` or cancellation; ``stop()`` must follow in any case.
    /// - Parameter onStart: called whenever a process is restarted, not for the first start.
    func run(onStart: @Sendable () -> Void) async {
        var isFirst = true
        while !state.withLock({ $0.isStopping }) {
            let process: ChildProcess
            do {
                process = try ChildProcess(program, arguments, environment: environment, output: try log.file(name))
            } catch {
                return crashed("could not be started: \(error)")
            }
            let isStopping = state.withLock { state in
                state.process = process
                return state.isStopping
            }
            // `stop()` was called before the process was known here.
            if isStopping { await process.stop(maximumWait: .seconds(1)) }
            if !isFirst { onStart() }
            isFirst = false
            let exit = await process.exit()
            let (isOver, absence) = state.withLock { state in
                defer { state.absence = nil }
                state.process = nil
                return (state.isStopping, state.absence)
            }
            if isOver { return }
            if absence == nil { crashed("ended by itself: \(exit)") }
            // The downtime is part of the test.
            do { try await Task.sleep(for: absence ?? .milliseconds(500)) } catch { return }
        }
    }

    /// Kills the process. Returns false if there is none.
    package func kill(absence: Duration) -> Bool {
        let process = state.withLock { state in
            guard let process = state.process, process.isRunning, state.absence == nil else { return nil as ChildProcess? }
            state.absence = absence
            return process
        }
        process?.kill()
        return process != nil
    }

    /// Stops the process, waits until it has ended, and starts no other.
    func stop() async {
        let process = state.withLock { state in
            state.isStopping = true
            return state.process
        }
        await process?.stop(maximumWait: .seconds(10))
    }

    private func crashed(_ what: String) {
        state.withLock { $0.crashes.append("\(name) \(what)\(log.hint(name))") }
    }
}
