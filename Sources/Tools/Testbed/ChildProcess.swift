import Foundation
import Glibc
import Synchronization

/// A program that runs as a child process. May be used from any thread.
package final class ChildProcess: Sendable {
    /// How a process ended.
    package enum Exit: Sendable, Equatable {
        /// It exited with this status.
        case status(Int32)
        /// A signal ended it.
        case signal(Int32)
    }

    /// Also owned by the process's termination callback, which may come after all other references are released.
    private final class Ending: Sendable {
        private struct State {
            var exit: Exit?
            var waiters: [CheckedContinuation<Exit, Never>] = []
        }

        private let state = Mutex(State())

        func end(_ exit: Exit) {
            let waiters = state.withLock { state in
                if state.exit == nil { state.exit = exit }
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume(returning: exit) }
        }

        var exit: Exit? { state.withLock { $0.exit } }

        func wait() async -> Exit {
            await withCheckedContinuation { continuation in
                let exit = state.withLock { state in
                    if state.exit == nil { state.waiters.append(continuation) }
                    return state.exit
                }
                if let exit { continuation.resume(returning: exit) }
            }
        }
    }

    private let process: Process
    private let ending: Ending

    /// Starts it.
    /// - Parameters:
    ///   - output: destination of standard output and standard error.
    ///   - errors: destination of standard error, if different.
    package init(_ program: String, _ arguments: [String], environment: [String: String], output: Any, errors: Any? = nil) throws {
        let ending = Ending()
        self.ending = ending
        process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors ?? output
        process.terminationHandler = { process in
            ending.end(process.terminationReason == .exit ? .status(process.terminationStatus) : .signal(process.terminationStatus))
        }
        try process.run()
        // Foundation sometimes misses the end of a process, so that waiting for it would never end.
        let pid = process.processIdentifier
        Thread.detachNewThread {
            if let exit = ChildProcess.awaited(pid) { ending.end(exit) }
        }
    }

    /// Waits for the end of a child without reaping it, which is left to Foundation; nil if Foundation has already reaped it and reports
    /// the end itself. Blocks.
    private static func awaited(_ pid: pid_t) -> Exit? {
        var end = siginfo_t()
        while waitid(P_PID, id_t(pid), &end, WEXITED | WNOWAIT) != 0 {
            guard errno == EINTR else { return nil }
        }
        let status = end._sifields._sigchld.si_status
        return end.si_code == CLD_EXITED ? .status(status) : .signal(status)
    }

    /// The path of the program that this process runs.
    package static func ownProgram() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }

    /// This process's environment without the node's configuration, except the connection to Kafka.
    ///
    /// Swift's backtraces are off unless the environment enables them: the backtrace program inherits the sockets of the crashed process
    /// and survives it, so that their ports cannot be reused if that process is killed meanwhile.
    package static var environment: [String: String] {
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("OCN_") || $0.key == "OCN_KAFKA_PROPERTIES" }
        if environment["SWIFT_BACKTRACE"] == nil { environment["SWIFT_BACKTRACE"] = "enable=no" }
        return environment
    }

    /// The process id.
    package var processIdentifier: Int32 { process.processIdentifier }

    /// Whether it has not ended yet.
    package var isRunning: Bool { ending.exit == nil }

    /// Sends SIGKILL.
    package func kill() {
        // A process that has ended cannot be hit: its id is free only after it was waited for, which sets `exit`.
        if isRunning { _ = Glibc.kill(process.processIdentifier, SIGKILL) }
    }

    /// Waits until it has ended; not interrupted by cancellation.
    package func exit() async -> Exit { await ending.wait() }

    /// Sends SIGTERM and waits until it has ended. After `maximumWait`, or if the task is cancelled, it is killed.
    @discardableResult
    package func stop(maximumWait: Duration) async -> Exit {
        if isRunning { _ = Glibc.kill(process.processIdentifier, SIGTERM) }
        return await withTaskGroup(of: Exit?.self) { group in
            group.addTask { await self.exit() }
            group.addTask {
                try? await Task.sleep(for: maximumWait)
                return nil
            }
            if let first = await group.next(), let exit = first {
                group.cancelAll()
                return exit
            }
            kill()
            return await exit()
        }
    }
}
