import Synchronization

/// The place of one role's process. Whenever the process has ended, the next one is started, as a supervisor of services would.
package final class RolePlace: Sendable {
    /// Stands for all roles in one process.
    package static let wholeNode = "node"
    /// `push-2`.
    package let name: String
    /// `push`, or ``wholeNode``.
    package let role: String
    /// Its private listener.
    package let privateURL: String
    private let program: String
    private let arguments: [String]
    private let environment: [String: String]
    private let log: LogFolder

    private struct State {
        var process: ChildProcess?
        var isStopping = false
        /// How long the place stays empty after a kill of ours.
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

    /// Whether parties reach a process of this role.
    static func isPublic(_ role: String) -> Bool { role == wholeNode || role == "ingress" }

    /// The number of the process that runs here now, as in `/proc`; nil between two processes.
    package var processIdentifier: Int32? { state.withLock { $0.process?.processIdentifier } }

    /// What ended here without being told to.
    package var crashes: [String] { state.withLock { $0.crashes } }

    /// Keeps a process running until ``stop()`` or cancellation; ``stop()`` must follow in any case.
    /// - Parameter onStart: told whenever another process has been started, not for the first.
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
            // Nobody else knew of it yet.
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
            // How long it is away is part of what is tried.
            do { try await Task.sleep(for: absence ?? .milliseconds(500)) } catch { return }
        }
    }

    /// Kills the process. False if there is none.
    package func kill(absence: Duration) -> Bool {
        let process = state.withLock { state in
            guard let process = state.process, process.isRunning, state.absence == nil else { return nil as ChildProcess? }
            state.absence = absence
            return process
        }
        process?.kill()
        return process != nil
    }

    /// Asks the process to stop, waits until it has, and starts no other.
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
