package import Directory
package import OCPI
package import TestParties

/// A node on this machine, each process by itself, for as long as somebody tries it out.
package struct Testbed: Sendable {
    /// What is to be set up.
    package struct Plan: Sendable {
        /// Which roles run, and how many of each; ``RolePlace/wholeNode`` is all of them in one process.
        package var roles: [(name: String, count: Int)]
        /// Services that get an outbox.
        package var services: [PartyID]
        /// What stands in the registry besides the node itself, by the node's operator address.
        package var registry: @Sendable (_ operatorAddress: String) -> [Fact]
        /// How the node is set.
        package var tuning: Tuning
        /// `host:port` of a real Kafka, where topics are made under a name of their own and deleted at the end; nil for one in memory, in a
        /// process of its own.
        package var brokers: String?
        /// What names of topics in a real Kafka begin with.
        package var name: String

        /// - Parameters: as the properties say.
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

    /// The node while it runs.
    package struct Running: Sendable {
        /// Its processes.
        package let fleet: Fleet
        /// How it was prepared.
        package let node: PreparedNode
        /// Where parties reach it: of each INGRESS, without a trailing slash. It advertises the first one.
        package let publicURLs: [String]
        /// For calls to it.
        package let caller: PartyCaller

        /// Where its admin API is.
        package var adminURL: String { fleet.places[0].privateURL }
        /// Who invites parties.
        package var hubOperator: HubOperator { HubOperator(url: adminURL, key: Token(node.adminToken)) }
    }

    /// How long processes may take until they are ready.
    private static let maximumWait = Duration.seconds(180)
    private let plan: Plan
    private let host: any NodeOperator
    private let logs: LogFolder
    private let tell: @Sendable (String) -> Void

    /// - Parameters:
    ///   - host: prepares the node.
    ///   - tell: gets a line about what goes on.
    package init(_ plan: Plan, host: any NodeOperator, logs: LogFolder, tell: @escaping @Sendable (String) -> Void) {
        self.plan = plan
        self.host = host
        self.logs = logs
        self.tell = tell
    }

    /// Starts everything, lets `body` work with the ready node, and stops everything. Everything it started is stopped before it returns or
    /// throws, also when cancelled.
    /// - Parameter onReturn: told whenever a process was started in place of one that has ended.
    /// - Throws: ``TestbedFailure``, what `body` throws, or what else kept it from being carried out.
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
        tell("starting an in-memory Kafka")
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
                tell("starting \(processes) processes: \(plan.roles.map { "\($0.count) \($0.name)" }.joined(separator: ", "))")
                try await fleet.ready(within: Self.maximumWait)
                outcome = .success(try await body(Running(fleet: fleet, node: node, publicURLs: publicURLs, caller: caller)))
            } catch {
                outcome = .failure(error)
            }
            await fleet.stop()
            group.cancelAll()
            return outcome
        }
        // The topics were made for this run alone.
        if plan.brokers != nil { try await host.cleanUp(node) }
        return try outcome.get()
    }
}
