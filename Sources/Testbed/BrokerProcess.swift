import Foundation
import OCPI
import Synchronization

/// `ocn broker` as a child process.
struct BrokerProcess: Sendable {
    let process: ChildProcess
    /// Where clients connect.
    let bootstrap: String

    /// Starts it and waits for its address.
    /// - Parameter outboxPartitions: of each service's outbox; nil for as many as a node makes by itself.
    static func start(
        _ program: String, prefix: String, services: [PartyID], outboxPartitions: Int?, log: LogFolder
    ) async throws -> BrokerProcess {
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
            program,
            ["broker", "--prefix", prefix, "--log-level", "warning"] + services.flatMap { ["--service", $0.description] }
                + (outboxPartitions.map { ["--outbox-partitions", "\($0)"] } ?? []),
            environment: ChildProcess.environment, output: pipe, errors: try log.file("broker"))
        for await line in lines where line.hasPrefix("bootstrap=") {
            return BrokerProcess(process: process, bootstrap: String(line.dropFirst("bootstrap=".count)))
        }
        await process.stop(patience: .zero)
        throw TestbedFailure("`ocn broker` did not say where it is\(log.hint("broker"))")
    }
}
