import Encoding
import NIOCore
import OCPI
package import Testbed

/// One run: it starts a node, sends inputs, checks the node, and restarts it.
package struct Fuzzer: Sendable {
    private let options: FuzzOptions
    private let host: NodeOperator
    private let progress: @Sendable (String) -> Void
    /// Number of concurrent connections by surface.
    private static let connections: [(surface: Surface, count: Int)] = [(.public, 6), (.node, 3), (.records, 1)]
    /// Timeout for running requests at the end.
    private static let settling = Duration.seconds(30)
    private static let starting = Duration.seconds(120)

    /// - Parameters:
    ///   - host: prepares the node.
    ///   - progress: receives a progress message every few seconds.
    package init(_ options: FuzzOptions, host: NodeOperator, progress: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.host = host
        self.progress = progress
    }

    /// Runs to the end. All processes are stopped before it returns or throws, also when cancelled.
    /// - Throws: `TestbedFailure`, or any other error that prevented the run. Faults of the node are no error but part of the result.
    package func run() async throws -> FuzzResult {
        guard let participants = FuzzParticipants() else { throw TestbedFailure("the parties cannot be read") }
        let plan = Testbed.Plan(
            "fuzz", roles: [(RolePlace.wholeNode, 1)], services: participants.outboxes, registry: participants.registry(operatorAddress:),
            tuning: Tuning(),
            brokers: options.brokers)
        let testbed = Testbed(plan, host: host, logs: try LogFolder(options.logs), progress: progress)
        return try await testbed.run { hub in
            let parties = FuzzParties(participants)
            let result: Result<FuzzResult, any Error>
            do { result = .success(try await execute(hub, parties)) } catch { result = .failure(error) }
            await parties.stop()
            return try result.get()
        }
    }

    private func execute(_ hub: Testbed.Running, _ parties: FuzzParties) async throws -> FuzzResult {
        try await parties.start(hub)
        let material = try await parties.material(hub)
        let (findings, recent) = (Findings(), RecentCases())
        let barrage = try Barrage(
            Inputs(seed: options.seed, material), material, kafka: hub.node.kafka, keepsEverything: options.brokers != nil,
            findings: findings,
            recent: recent)
        let run = FuzzRun(
            options: options, hub: hub, parties: parties, material: material, barrage: barrage, findings: findings, recent: recent,
            controls: Controls(
                sender: parties.controlSender, receiver: parties.participants.controlReceiver, caller: hub.caller, arrived: parties.arrived),
            progress: progress)
        let result: Result<FuzzResult, any Error>
        do {
            result = .success(try await run.result(connections: Self.connections, settling: Self.settling, starting: Self.starting))
        } catch {
            result = .failure(error)
        }
        await barrage.close()
        return try result.get()
    }
}
