import OCPI
package import Testbed

/// One run: starts everything, sends, kills, drains, adds up.
package struct Soak: Sendable {
    private let options: SoakOptions
    private let host: any NodeOperator
    private let participants: SoakParticipants
    private let tell: @Sendable (String) -> Void
    /// Which roles run, and how many of each.
    private static let roles = [("ingress", 2), ("exchange", 2), ("matcher", 2), ("push", 2), ("control", 1)].map {
        (name: $0.0, count: $0.1)
    }
    /// Copies under way for a recipient in each PUSH.
    private static let pushConcurrency = 16
    /// As consumers commit, and the time until a heartbeat tells them that their group has changed: the in-memory Kafka refuses commits
    /// meanwhile.
    private static let commitInterval = Duration.milliseconds(100 + 300)

    /// - Parameters:
    ///   - host: prepares the node.
    ///   - cast: who takes part.
    ///   - tell: gets a line every few seconds.
    package init(_ options: SoakOptions, host: any NodeOperator, participants: SoakParticipants, tell: @escaping @Sendable (String) -> Void)
    {
        self.options = options
        self.host = host
        self.participants = participants
        self.tell = tell
    }

    /// Runs to the end. Everything it started is stopped before it returns or throws, also when cancelled.
    /// - Throws: `TestbedFailure` or what else kept it from being carried out. What came out wrong is no error: see the result.
    package func run() async throws -> SoakResult {
        let workers = Self.roles.first { $0.name == "push" }?.count ?? 1
        let sharedLedger = SharedLedger(
            Ledger(inFlight: Self.pushConcurrency * workers * participants.services.count, commitInterval: Self.commitInterval))
        let plan = Testbed.Plan(
            "soak", roles: Self.roles, services: participants.services, registry: participants.registry(operatorAddress:),
            tuning: Tuning(pushConcurrency: Self.pushConcurrency), brokers: options.brokers)
        let testbed = Testbed(plan, host: host, logs: try LogFolder(options.logs), tell: tell)
        return try await testbed.run(onReturn: { sharedLedger.disturbed($0.role) }) { try await play($0, sharedLedger) }
    }

    /// Everything between the start of the processes and their end.
    private func play(_ hub: Testbed.Running, _ sharedLedger: SharedLedger) async throws -> SoakResult {
        let parties = Parties(participants, sharedLedger: sharedLedger, seed: options.seed)
        let deadLetters = try await SoakDeadLetters.follow(hub.node.kafka, hub.node.topics, sharedLedger: sharedLedger)
        do {
            let result = try await play(hub, sharedLedger, parties)
            await parties.stop()
            await deadLetters.stop()
            return result
        } catch {
            await parties.stop()
            await deadLetters.stop()
            throw error
        }
    }

    private func play(_ hub: Testbed.Running, _ sharedLedger: SharedLedger, _ parties: Parties) async throws -> SoakResult {
        try await parties.start(hub.hubOperator)
        let load = try SoakLoad(
            options, participants: participants, cpo: parties.cpo, publicURL: hub.publicURLs[0], ingresses: hub.publicURLs,
            sharedLedger: sharedLedger, caller: hub.caller)
        let processKiller = ProcessKiller(hub.fleet, sharedLedger: sharedLedger, seed: options.seed)
        tell("sending \(options.rate) requests a second for \(options.seconds) s, seed \(options.seed)")
        let (sent, isDrained) = await withTaskGroup(of: Void.self) { group in
            group.addTask { await report(sharedLedger, processKiller) }
            defer { group.cancelAll() }
            let sent = await send(load, processKiller)
            guard case .success = sent else { return (sent, false) }
            parties.calmDown()
            tell("sent; \(sharedLedger.waiting) copies are waiting")
            return (sent, await sharedLedger.settles(within: options.drain))
        }
        try sent.get()
        try Task.checkCancellation()
        // What still comes while they stop counts.
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

    /// A line every few seconds, until cancelled.
    private func report(_ sharedLedger: SharedLedger, _ processKiller: ProcessKiller) async {
        while true {
            do { try await Task.sleep(for: .seconds(5)) } catch { return }
            let balance = sharedLedger.balance
            let numbers: [(String, Int)] = [
                ("accepted", balance.accepted), ("delivered", balance.delivered), ("waiting", balance.waiting), ("dead", balance.dead),
                ("duplicates", balance.duplicates), ("out of order", balance.orderViolations),
                ("kills", processKiller.kills.values.reduce(0, +)),
            ]
            tell("\(sharedLedger.time.components.seconds) s: " + numbers.map { "\($0.0) \($0.1)" }.joined(separator: ", "))
        }
    }
}
