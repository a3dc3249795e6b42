import OCPI
package import Testbed

/// One run: starts everything, sends, kills, drains, adds up.
package struct Soak: Sendable {
    private let options: SoakOptions
    private let host: any NodeOperator
    private let cast: Cast
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
    package init(_ options: SoakOptions, host: any NodeOperator, cast: Cast, tell: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.host = host
        self.cast = cast
        self.tell = tell
    }

    /// Runs to the end. Everything it started is stopped before it returns or throws, also when cancelled.
    /// - Throws: `TestbedFailure` or what else kept it from being carried out. What came out wrong is no error: see the result.
    package func run() async throws -> SoakResult {
        let workers = Self.roles.first { $0.name == "push" }?.count ?? 1
        let book = Book(
            Ledger(inFlight: Self.pushConcurrency * workers * cast.services.count, commitInterval: Self.commitInterval))
        let plan = Testbed.Plan(
            "soak", roles: Self.roles, services: cast.services, registry: cast.registry(operatorAddress:),
            tuning: Tuning(pushConcurrency: Self.pushConcurrency), brokers: options.brokers)
        let testbed = Testbed(plan, host: host, logs: try LogFolder(options.logs), tell: tell)
        return try await testbed.run(onReturn: { book.disturbed($0.role) }) { try await play($0, book) }
    }

    /// Everything between the start of the processes and their end.
    private func play(_ hub: Testbed.Running, _ book: Book) async throws -> SoakResult {
        let parties = Parties(cast, book: book, seed: options.seed)
        let deadLetters = try await DeadLetters.follow(hub.node.kafka, hub.node.topics, book: book)
        do {
            let result = try await play(hub, book, parties)
            await parties.stop()
            await deadLetters.stop()
            return result
        } catch {
            await parties.stop()
            await deadLetters.stop()
            throw error
        }
    }

    private func play(_ hub: Testbed.Running, _ book: Book, _ parties: Parties) async throws -> SoakResult {
        try await parties.start(adminURL: hub.adminURL, adminToken: hub.node.adminToken, caller: hub.caller)
        let load = try Load(
            options, cast: cast, cpo: parties.cpo, publicURL: hub.publicURLs[0], ingresses: hub.publicURLs, book: book, caller: hub.caller)
        let killer = Killer(hub.fleet, book: book, seed: options.seed)
        tell("sending \(options.rate) requests a second for \(options.seconds) s, seed \(options.seed)")
        let (sent, isDrained) = await withTaskGroup(of: Void.self) { group in
            group.addTask { await report(book, killer) }
            defer { group.cancelAll() }
            let sent = await send(load, killer)
            guard case .success = sent else { return (sent, false) }
            parties.calmDown()
            tell("sent; \(book.waiting) copies are waiting")
            return (sent, await book.settles(within: options.drain))
        }
        try sent.get()
        try Task.checkCancellation()
        // What still comes while they stop counts.
        let missing = isDrained ? [] : book.missing(limit: 10)
        await hub.fleet.stop()
        return SoakResult(
            balance: book.balance, kills: killer.kills, heldBack: load.heldBack, crashes: hub.fleet.places.flatMap(\.crashes),
            missing: missing,
            seed: options.seed)
    }

    private func send(_ load: Load, _ killer: Killer) async -> Result<Void, any Error> {
        await withTaskGroup(of: Void.self) { group in
            if options.kills { group.addTask { await killer.run() } }
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
    private func report(_ book: Book, _ killer: Killer) async {
        while true {
            do { try await Task.sleep(for: .seconds(5)) } catch { return }
            let balance = book.balance
            let numbers: [(String, Int)] = [
                ("accepted", balance.accepted), ("delivered", balance.delivered), ("waiting", balance.waiting), ("dead", balance.dead),
                ("duplicates", balance.duplicates), ("out of order", balance.orderViolations),
                ("kills", killer.kills.values.reduce(0, +)),
            ]
            tell("\(book.time.components.seconds) s: " + numbers.map { "\($0.0) \($0.1)" }.joined(separator: ", "))
        }
    }
}
