package import Directory
package import OCPI
package import TestParties

/// Runs a node on this machine for a test, each role in its own process.
package struct Testbed: Sendable {
    /// What is set up.
    package struct Plan: Sendable {
        /// The roles, and the number of processes of each; ``RolePlace/wholeNode`` is all of them in one process.
        package var roles: [(name: String, count: Int)]
        /// Services that get an outbox.
        package var services: [PartyID]
        /// The registry entries besides the node itself, by the node's operator address.
        package var registry: @Sendable (_ operatorAddress: String) -> [Fact]
        /// Settings of the node that differ from the defaults.
        package var tuning: Tuning
        /// `host:port` of a real Kafka, where topics with a unique prefix are created and deleted at the end; nil for an in-memory Kafka in
        /// its own process.
        package var brokers: String?
        /// Prefix of topic names in a real Kafka.
        package var name: String

        package init(
            _ name: String, roles: [(name: String, count: Int)], services: [PartyID],
            registry: @escaping @Sendable (_ operatorAddress: String) -> [Fact], tuning: Tuning, brokers: String?
        ) {
            self.name = name
            self.roles = roles
            self.services = services
            self.registry = registry
            self.tuning = tuning
            self.brokers = brokers
        }
    }

    /// The running node.
    package struct Running: Sendable {
        /// Its processes.
        package let fleet: Fleet
        /// Its configuration.
        package let node: PreparedNode
        /// The public URL of each INGRESS process, without a trailing slash. The node advertises the first one.
        package let publicURLs: [String]
        /// The HTTP client for calls to it.
        package let caller: PartyCaller

        /// URL of its admin API.
        package var adminURL: String { fleet.places[0].privateURL }
        /// Its operator, who invites parties.
        package var hubOperator: HubOperator { HubOperator(url: adminURL, key: Token(node.adminToken)) }
    }

    /// Timeout until all processes are ready.
    private static let maximumWait = Duration.seconds(180)
    private let plan: Plan
    private let host: NodeOperator
    private let logs: LogFolder
    private let progress: @Sendable (String) -> Void

    /// - Parameters:
    ///   - host: prepares the node.
    ///   - progress: receives progress messages.
    package init(_ plan: Plan, host: NodeOperator, logs: LogFolder, progress: @escaping @Sendable (String) -> Void) {
        self.plan = plan
        self.host = host
        self.logs = logs
        self.progress = progress
    }

    /// Starts everything, calls `body` with the ready node, and stops everything. All processes are stopped before it returns or throws,
    /// also when cancelled.
    /// - Parameter onReturn: called whenever a process was restarted.
    /// - Throws: ``TestbedFailure``, the error of `body`, or any other error that prevented the run.
    package func run<Outcome: Sendable>(
        onReturn: @escaping @Sendable (RolePlace) -> Void = { _ in }, _ body: (Running) async throws -> Outcome
    ) async throws -> Outcome {
        let program = try ChildProcess.ownProgram()
        let prefix = plan.brokers == nil ? "ocn." : "\(plan.name)\(UInt32.random(in: .min ... .max))."
        let broker = try await startBroker(program, prefix: prefix)
        let caller = PartyCaller(connectLimit: .seconds(2))
        let outcome: Result<Outcome, any Error>
        do {
            let bootstrap = broker?.bootstrap ?? plan.brokers ?? ""
            outcome = .success(try await run(program, bootstrap: bootstrap, prefix: prefix, caller, onReturn, body))
        } catch {
            outcome = .failure(error)
        }
        await caller.close()
        await broker?.process.stop(maximumWait: .seconds(5))
        return try outcome.get()
    }

    private func startBroker(_ program: String, prefix: String) async throws -> BrokerProcess? {
        guard plan.brokers == nil else { return nil }
        progress("starting an in-memory Kafka")
        return try await BrokerProcess.start(
            program, prefix: prefix, services: plan.services, outboxPartitions: plan.tuning.outboxPartitions, log: logs)
    }

    private func run<Outcome: Sendable>(
        _ program: String, bootstrap: String, prefix: String, _ caller: PartyCaller, _ onReturn: @escaping @Sendable (RolePlace) -> Void,
        _ body: (Running) async throws -> Outcome
    ) async throws -> Outcome {
        let ingresses = plan.roles.first { RolePlace.isPublic($0.name) }?.count ?? 1
        let processes = plan.roles.reduce(0) { $0 + $1.count }
        let ports = try FreePorts.find(ingresses + processes)
        let publicURLs = ports.prefix(ingresses).map { "http://127.0.0.1:\($0)" }
        let node = try await host.prepare(
            Site(
                bootstrap: bootstrap, prefix: prefix, publicURL: publicURLs[0], services: plan.services, registry: plan.registry,
                tuning: plan.tuning))
        let fleet = try Fleet(
            plan.roles, program: program, publicPorts: Array(ports.prefix(ingresses)), privatePorts: Array(ports.dropFirst(ingresses)),
            environment: ChildProcess.environment.merging(node.environment) { _, own in own }, log: logs, caller: caller)
        let outcome = await withTaskGroup(of: Void.self, returning: Result<Outcome, any Error>.self) { group in
            for place in fleet.places {
                group.addTask { await place.run { onReturn(place) } }
            }
            let outcome: Result<Outcome, any Error>
            do {
                progress("starting \(processes) processes: \(plan.roles.map { "\($0.count) \($0.name)" }.joined(separator: ", "))")
                try await fleet.ready(within: Self.maximumWait)
                outcome = .success(try await body(Running(fleet: fleet, node: node, publicURLs: publicURLs, caller: caller)))
            } catch {
                outcome = .failure(error)
            }
            await fleet.stop()
            group.cancelAll()
            return outcome
        }
        // The topics were created for this run only.
        if plan.brokers != nil { try await host.cleanUp(node) }
        return try outcome.get()
    }
}
