import Foundation
import OCPI

/// `ocn broker` as a child process.
struct BrokerProcess: Sendable {
    let process: ChildProcess
    /// Address for clients.
    let bootstrap: String

    /// Starts it and waits for its address.
    /// - Parameter outboxPartitions: number of partitions of each service's outbox; nil for the default of a node.
    static func start(
        _ program: String, prefix: String, services: [PartyID], outboxPartitions: Int?, log: LogFolder
    ) async throws -> BrokerProcess {
        let pipe = Pipe()
        let (lines, heard) = AsyncStream<String>.makeStream()
        // The output is read on a separate thread: Foundation's `readabilityHandler` may be released only after Dispatch has finished with
        // the pipe, which it does not report.
        Thread.detachNewThread {
            var rest = Data()
            while case let data = pipe.fileHandleForReading.availableData, !data.isEmpty {
                rest += data
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    heard.yield(String(decoding: rest[..<end], as: UTF8.self))
                    rest = rest[rest.index(after: end)...]
                }
            }
            heard.finish()
        }
        let process = try ChildProcess(
            program,
            ["broker", "--prefix", prefix, "--log-level", "warning"] + services.flatMap { ["--service", $0.description] }
                + (outboxPartitions.map { ["--outbox-partitions", "\($0)"] } ?? []),
            environment: ChildProcess.environment, output: pipe, errors: try log.file("broker"))
        for await line in lines where line.hasPrefix("bootstrap=") {
            return BrokerProcess(process: process, bootstrap: String(line.dropFirst("bootstrap=".count)))
        }
        await process.stop(maximumWait: .zero)
        throw TestbedFailure("`ocn broker` did not print its address\(log.hint("broker"))")
    }
}
