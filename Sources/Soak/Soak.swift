import OCPI

/// One run: starts everything, sends, kills, drains, adds up.
package struct Soak: Sendable {
    private let options: SoakOptions
    private let host: any SoakOperator
    private let cast: Cast
    private let tell: @Sendable (String) -> Void
    /// Copies under way for a recipient in each PUSH.
    private static let pushConcurrency = 16
    /// As consumers commit, and the time until a heartbeat tells them that their group has changed: the in-memory Kafka refuses commits
    /// meanwhile.
    private static let commitInterval = Duration.milliseconds(100 + 300)

    /// - Parameters:
    ///   - host: prepares the node.
    ///   - cast: who takes part.
    ///   - tell: gets a line every few seconds.
    package init(_ options: SoakOptions, host: any SoakOperator, cast: Cast, tell: @escaping @Sendable (String) -> Void) {
        self.options = options
        self.host = host
        self.cast = cast
        self.tell = tell
    }

    /// Runs to the end. Everything it started is stopped before it returns or throws, also when cancelled.
    /// - Throws: ``SoakFailure`` or what else kept it from being carried out. What came out wrong is no error: see the result.
    package func run() async throws -> SoakResult {
        let program = try ChildProcess.ownProgram()
        let log = try LogFolder(options.logs)
        let prefix = options.brokers == nil ? "ocn." : "soak\(UInt32.random(in: .min ... .max))."
        let broker = try await startBroker(program, prefix: prefix, log: log)
        let caller = Caller()
        let result: Result<SoakResult, any Error>
        do {
            let bootstrap = broker?.bootstrap ?? options.brokers ?? ""
            result = .success(try await run(program, bootstrap: bootstrap, prefix: prefix, log: log, caller: caller))
        } catch {
            result = .failure(error)
        }
        await caller.close()
        await broker?.process.stop(patience: .seconds(5))
        return try result.get()
    }

    private func startBroker(_ program: String, prefix: String, log: LogFolder) async throws -> BrokerProcess? {
        guard options.brokers == nil else { return nil }
        tell("starting an in-memory Kafka")
        return try await BrokerProcess.start(program, prefix: prefix, services: cast.services, log: log)
    }

    private func run(_ program: String, bootstrap: String, prefix: String, log: LogFolder, caller: Caller) async throws -> SoakResult {
        let ingresses = Fleet.roles.first { $0.0 == "ingress" }?.1 ?? 1
        let processes = Fleet.roles.reduce(0) { $0 + $1.1 }
        let ports = try await FreePorts.find(ingresses + processes)
        let publicPorts = Array(ports.prefix(ingresses))
        let publicURLs = publicPorts.map { "http://127.0.0.1:\($0)" }
        let node = try await host.prepare(
            SoakSite(
                bootstrap: bootstrap, prefix: prefix, publicURL: publicURLs[0], cast: cast, pushConcurrency: Self.pushConcurrency))
        let environment = ChildProcess.environment.merging(node.environment) { _, own in own }
        let fleet = try Fleet(
            program: program, publicPorts: publicPorts, privatePorts: Array(ports.dropFirst(ingresses)), environment: environment, log: log,
            caller: caller)
        let workers = Fleet.roles.first { $0.0 == "push" }?.1 ?? 1
        let book = Book(
            Ledger(inFlight: Self.pushConcurrency * workers * cast.services.count, commitInterval: Self.commitInterval))
        let result = await withTaskGroup(of: Void.self, returning: Result<SoakResult, any Error>.self) { group in
            for place in fleet.places {
                group.addTask { await place.run { book.disturbed(place.role) } }
            }
            let result: Result<SoakResult, any Error>
            do {
                result = .success(try await play(fleet, node, publicURLs, book, caller))
            } catch {
                result = .failure(error)
                await fleet.stop()
            }
            group.cancelAll()
            return result
        }
        // The topics were made for this run alone.
        if options.brokers != nil { try await host.cleanUp(node) }
        return try result.get()
    }

    /// Everything between the start of the processes and their end.
    private func play(_ fleet: Fleet, _ node: SoakNode, _ publicURLs: [String], _ book: Book, _ caller: Caller) async throws -> SoakResult {
        tell("starting \(fleet.places.count) processes: \(Fleet.roles.map { "\($0.1) \($0.0)" }.joined(separator: ", "))")
        try await fleet.ready(within: .seconds(180))
        let parties = Parties(cast, book: book, seed: options.seed)
        let deadLetters = try await DeadLetters.follow(node.kafka, node.topics, book: book)
        do {
            let result = try await play(fleet, node, publicURLs, book, caller, parties)
            await parties.stop()
            await deadLetters.stop()
            return result
        } catch {
            await parties.stop()
            await deadLetters.stop()
            throw error
        }
    }

    private func play(
        _ fleet: Fleet, _ node: SoakNode, _ publicURLs: [String], _ book: Book, _ caller: Caller, _ parties: Parties
    ) async throws -> SoakResult {
        try await parties.start(adminURL: fleet.places[0].privateURL, adminToken: node.adminToken, caller: caller)
        let load = try Load(
            options, cast: cast, cpo: parties.cpo, publicURL: publicURLs[0], ingresses: publicURLs, book: book, caller: caller)
        let killer = Killer(fleet, book: book, seed: options.seed)
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
        await fleet.stop()
        return SoakResult(
            balance: book.balance, kills: killer.kills, heldBack: load.heldBack, crashes: fleet.places.flatMap(\.crashes), missing: missing,
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
