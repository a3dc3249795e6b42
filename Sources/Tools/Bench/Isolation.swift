import NIOCore
package import Testbed

/// Measures whether unresponsive recipients delay others.
///
/// It uses one node, with each role in its own process, and many recipients. Rounds with and without unresponsive recipients alternate on
/// the same node, so that other load on the machine shows as variation and not as a result.
package struct Isolation: Sendable {
    /// Maximum number of running calls of each kind per recipient.
    static let limit = 8
    /// One process each, because a second worker of the same role could hide the effect on the first.
    private static let roles = ["ingress", "exchange", "matcher", "push", "control"].map { (name: $0, count: 1) }
    /// Timeout for waiting copies of recipients that answer again.
    private static let drain = Duration.seconds(90)
    private let options: IsolationOptions
    private let participants: IsolationParticipants
    private let host: NodeOperator
    private let progress: @Sendable (String) -> Void

    /// - Parameters:
    ///   - host: prepares the node.
    ///   - progress: receives a progress message every few seconds.
    /// - Throws: `TestbedFailure` unless there are 2 to 1000 recipients, some unresponsive and some not.
    package init(_ options: IsolationOptions, host: NodeOperator, progress: @escaping @Sendable (String) -> Void) throws {
        guard let participants = IsolationParticipants(recipients: options.recipients, hanging: options.hanging) else {
            throw TestbedFailure("there must be 2 to 1000 recipients, some unresponsive and some not")
        }
        self.options = options
        self.participants = participants
        self.host = host
        self.progress = progress
    }

    /// Runs to the end. All processes are stopped before it returns or throws, also when cancelled.
    /// - Throws: `TestbedFailure`, or any other error that prevented the run. A bad result is no error.
    package func run() async throws -> IsolationResult {
        let logs = try options.logs.map { try LogFolder($0) } ?? LogFolder(temporary: "ocn-bench")
        // An in-memory Kafka is polled for all its partitions hundreds of times a second, so each service gets only one.
        let tuning = Tuning(pushConcurrency: Self.limit, exchangeConcurrency: Self.limit, outboxPartitions: 1)
        let plan = Testbed.Plan(
            "bench", roles: Self.roles, services: participants.recipients, registry: participants.registry(operatorAddress:),
            tuning: tuning,
            brokers: options.brokers)
        do {
            let result = try await Testbed(plan, host: host, logs: logs, progress: progress).run { try await measure($0) }
            if result.isOK { logs.discard() } else { reportFolder(of: logs) }
            return result
        } catch {
            if Task.isCancelled { logs.discard() } else { reportFolder(of: logs) }
            throw error
        }
    }

    private func reportFolder(of logs: LogFolder) {
        if let path = logs.path { progress("the processes' logs are in \(path)") }
    }

    private func measure(_ hub: Testbed.Running) async throws -> IsolationResult {
        let recorder = RoundRecorder()
        let endpoint = HangingEndpoint()
        let parties = IsolationParties(participants, recorder: recorder, endpoint: endpoint)
        do {
            progress("registering \(participants.recipients.count) recipients")
            try await parties.start(hub)
            let load = try IsolationLoad(participants, parties.sender, hub.caller, recorder, rate: options.rate)
            var rounds: [IsolationResult.Round] = []
            for number in 0..<2 * options.rounds {
                rounds.append(try await round(number, load, recorder, endpoint))
            }
            await parties.stop()
            return IsolationResult(
                options: options, limit: Self.limit, cores: System.coreCount, rounds: rounds, crashes: hub.fleet.places.flatMap(\.crashes))
        } catch {
            endpoint.close()
            await parties.stop()
            throw error
        }
    }

    private func round(
        _ number: Int, _ load: IsolationLoad, _ recorder: RoundRecorder, _ endpoint: HangingEndpoint
    ) async throws -> IsolationResult.Round {
        let hangs = number % 2 == 1
        let name = "round \(number + 1) of \(2 * options.rounds), \(hangs ? "\(options.hanging) hanging" : "all recipients answer")"
        let (warmUp, length) = (Duration.seconds(options.warmUp), Duration.seconds(options.seconds))
        try await load.reaches(participants.firstHanging..<participants.recipients.count, within: Self.drain)
        progress("\(name): \(options.rate) requests a second for \(options.warmUp) s, then \(options.seconds) s that count")
        recorder.begin()
        if hangs { endpoint.open() }
        let start = recorder.time
        let sent = await withTaskGroup(of: Void.self) { group in
            group.addTask { await watch(name, since: start, recorder, endpoint) }
            defer { group.cancelAll() }
            do {
                try await load.run(for: warmUp + length)
                return Result<Void, any Error>.success(())
            } catch {
                return .failure(error)
            }
        }
        endpoint.close()
        try sent.get()
        // The next round starts without a backlog.
        let missing = await recorder.settles(within: Self.drain)
        try Task.checkCancellation()
        if missing > 0 { progress("\(name): \(missing) copies have not come within \(Self.drain.components.seconds) s") }
        let results = recorder.results
        let period = start + warmUp..<start + warmUp + length
        let figures = RoundResults.Kind.allCases.map { kind in
            (kind, results.figures(kind, during: period) { $0 < participants.firstHanging })
        }
        return IsolationResult.Round(
            hangs: hangs, figures: Dictionary(figures) { first, _ in first }, mostOpen: hangs ? endpoint.most : [:], missing: missing)
    }

    /// Samples open calls ten times a second and reports progress every few seconds, until cancelled.
    private func watch(_ name: String, since start: Duration, _ recorder: RoundRecorder, _ endpoint: HangingEndpoint) async {
        var looks = 0
        while true {
            do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
            let open = endpoint.sample()
            looks += 1
            guard looks % 50 == 0 else { continue }
            let results = recorder.results
            let numbers: [(String, Int)] = [
                ("sent", results.sent), ("answered", results.answered), ("copies", results.copied), ("calls open", open[.exchange] ?? 0),
                ("copies open", open[.push] ?? 0),
            ]
            progress(
                "\(name), \((recorder.time - start).components.seconds) s: " + numbers.map { "\($0.0) \($0.1)" }.joined(separator: ", "))
        }
    }
}
