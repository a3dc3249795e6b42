import OCPI
package import Testbed

/// One run: it starts the node, sends requests, kills processes, waits for the remaining copies and checks the totals.
package struct Soak: Sendable {
    private let options: SoakOptions
    private let host: NodeOperator
    private let participants: SoakParticipants
    private let progress: @Sendable (String) -> Void
    /// The roles, and the number of processes of each.
    private static let roles = [("ingress", 2), ("exchange", 2), ("matcher", 2), ("push", 2), ("control", 1)].map {
        (name: $0.0, count: $0.1)
    }
    /// Maximum number of running copies per recipient in each PUSH process.
    private static let pushConcurrency = 16
    /// The commit interval of consumers, plus the time until a heartbeat reports a changed group: the in-memory Kafka refuses commits
    /// meanwhile.
    private static let commitInterval = Duration.milliseconds(100 + 300)

    /// - Parameters:
    ///   - host: prepares the node.
    ///   - participants: the parties of the run.
    ///   - progress: receives a progress message every few seconds.
    package init(
        _ options: SoakOptions, host: NodeOperator, participants: SoakParticipants, progress: @escaping @Sendable (String) -> Void
    ) {
        self.options = options
        self.host = host
        self.participants = participants
        self.progress = progress
    }

    /// Runs to the end. All processes are stopped before it returns or throws, also when cancelled.
    /// - Throws: `TestbedFailure`, or any other error that prevented the run. Violated guarantees are no error but part of the result.
    package func run() async throws -> SoakResult {
        let workers = Self.roles.first { $0.name == "push" }?.count ?? 1
        let sharedLedger = SharedLedger(
            Ledger(inFlight: Self.pushConcurrency * workers * participants.services.count, commitInterval: Self.commitInterval))
        let plan = Testbed.Plan(
            "soak", roles: Self.roles, services: participants.services, registry: participants.registry(operatorAddress:),
            tuning: Tuning(pushConcurrency: Self.pushConcurrency), brokers: options.brokers)
        let testbed = Testbed(plan, host: host, logs: try LogFolder(options.logs), progress: progress)
        return try await testbed.run(onReturn: { sharedLedger.restarted($0.role) }) { try await execute($0, sharedLedger) }
    }

    /// The run between the start of the processes and their end.
    private func execute(_ hub: Testbed.Running, _ sharedLedger: SharedLedger) async throws -> SoakResult {
        let parties = Parties(participants, sharedLedger: sharedLedger, seed: options.seed)
        let deadLetters = try await SoakDeadLetters.follow(hub.node.kafka, hub.node.topics, sharedLedger: sharedLedger)
        do {
            let result = try await execute(hub, sharedLedger, parties)
            await parties.stop()
            await deadLetters.stop()
            return result
        } catch {
            await parties.stop()
            await deadLetters.stop()
            throw error
        }
    }

    private func execute(_ hub: Testbed.Running, _ sharedLedger: SharedLedger, _ parties: Parties) async throws -> SoakResult {
        try await parties.start(hub.hubOperator)
        let load = try SoakLoad(
            options, participants: participants, cpo: parties.cpo, publicURL: hub.publicURLs[0], ingresses: hub.publicURLs,
            sharedLedger: sharedLedger, caller: hub.caller)
        let processKiller = ProcessKiller(hub.fleet, sharedLedger: sharedLedger, seed: options.seed)
        progress("sending \(options.rate) requests a second for \(options.seconds) s, seed \(options.seed)")
        let (sent, isDrained) = await withTaskGroup(of: Void.self) { group in
            group.addTask { await report(sharedLedger, processKiller) }
            defer { group.cancelAll() }
            let sent = await send(load, processKiller)
            guard case .success = sent else { return (sent, false) }
            parties.endFaults()
            progress("sent; \(sharedLedger.waiting) copies are waiting")
            return (sent, await sharedLedger.settles(within: options.drain))
        }
        try sent.get()
        try Task.checkCancellation()
        // Copies that arrive while the processes stop count.
        let missing = isDrained ? [] : sharedLedger.missing(limit: 10)
        await hub.fleet.stop()
        return SoakResult(
            balance: sharedLedger.balance, kills: processKiller.kills, heldBack: load.heldBack,
            crashes: hub.fleet.places.flatMap(\.crashes),
            missing: missing,
            seed: options.seed)
    }

    private func send(_ load: SoakLoad, _ processKiller: ProcessKiller) async -> Result<Void, any Error> {
        await withTaskGroup(of: Void.self) { group in
            if options.kills { group.addTask { await processKiller.run() } }
            let result: Result<Void, any Error>
            do {
                result = .success(try await load.run())
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            return result
        }
    }

    /// Reports progress every few seconds until cancelled.
    private func report(_ sharedLedger: SharedLedger, _ processKiller: ProcessKiller) async {
        while true {
            do { try await Task.sleep(for: .seconds(5)) } catch { return }
            let balance = sharedLedger.balance
            let numbers: [(String, Int)] = [
                ("accepted", balance.accepted), ("delivered", balance.delivered), ("waiting", balance.waiting), ("dead", balance.dead),
                ("duplicates", balance.duplicates), ("out of order", balance.orderViolations),
                ("kills", processKiller.kills.values.reduce(0, +)),
            ]
            progress("\(sharedLedger.time.components.seconds) s: " + numbers.map { "\($0.0) \($0.1)" }.joined(separator: ", "))
        }
    }
}
