import Foundation
import Kafka
import Logging
import Testing

@Suite struct SignalTests {
    /// librdkafka's cluster thread ends at the first interrupted system call, and a child process that ends is enough to interrupt one.
    @Test func noSignalReachesTheThreadOfAnEmbeddedCluster() async throws {
        let before = try threads()
        let cluster = try EmbeddedCluster(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        defer { cluster.close() }
        // Others may start threads meanwhile; the cluster's own carries its name, which it gives itself when it gets to run.
        let deadline = ContinuousClock.now + .seconds(20)
        var clusterThreads: [String: (name: String, blocked: UInt64)] = [:]
        while clusterThreads.isEmpty, ContinuousClock.now < deadline {
            clusterThreads = try threads().filter { $0.value.name.contains("mock") && before[$0.key] == nil }
            if clusterThreads.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        }
        #expect(!clusterThreads.isEmpty)
        for thread in clusterThreads.values {
            for signal in [SIGCHLD, SIGTERM, SIGINT, SIGUSR1] {
                #expect(thread.blocked & (1 << UInt64(signal - 1)) != 0, "signal \(signal) reaches \(thread.name)")
            }
        }
    }

    private func threads() throws -> [String: (name: String, blocked: UInt64)] {
        var found: [String: (name: String, blocked: UInt64)] = [:]
        for id in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task") {
            // A thread may end while we look.
            guard let status = try? String(contentsOfFile: "/proc/self/task/\(id)/status", encoding: .utf8) else { continue }
            let fields = status.split(separator: "\n").map { $0.split(separator: ":\t", maxSplits: 1).map(String.init) }
            guard let name = fields.first(where: { $0[0] == "Name" })?.last,
                let blocked = fields.first(where: { $0[0] == "SigBlk" })?.last.flatMap({ UInt64($0, radix: 16) })
            else { continue }
            found[id] = (name, blocked)
        }
        return found
    }
}
