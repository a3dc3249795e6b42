import NIOCore
import OCPI
import Synchronization
import TestParties
import Testbed

/// The run between the start of the node and its end.
struct FuzzRun: Sendable {
    let options: FuzzOptions
    let hub: Testbed.Running
    let parties: FuzzParties
    let material: Material
    let barrage: Barrage
    let findings: Findings
    let recent: RecentCases
    let controls: Controls
    let progress: @Sendable (String) -> Void

    private var place: RolePlace { hub.fleet.places[0] }

    /// - Throws: any error that prevented the run.
    func result(
        connections: [(surface: Surface, count: Int)], settling: Duration, starting: Duration
    ) async throws -> FuzzResult {
        // The first exchange opens connections that stay open.
        if let fault = await controls.exchange() { throw TestbedFailure("before anything was sent, \(fault)") }
        guard let process = place.processIdentifier, let start = Footprint.of(process) else {
            throw TestbedFailure("the node's process ended before anything was sent")
        }
        let growth = Mutex(Growth(start))
        progress("seed \(options.seed): oversized inputs")
        let oversized = OversizedRun(self)
        let (count, dead) = try await options.onlyCase == nil ? oversized.run() : (count: 0, dead: 0)
        if let only = options.onlyCase {
            await barrage.send(options.surfaces[0], only)
        } else {
            progress("sending for \(options.seconds) s: \(options.surfaces.map(\.rawValue).joined(separator: ", "))")
            await send(connections.filter { options.surfaces.contains($0.surface) }) { isWarmUp in
                guard isWarmUp, let now = Footprint.of(process) else { return }
                growth.withLock { $0.warmUp(now) }
            }
        }
        try Task.checkCancellation()
        let end = await settled(process, within: settling, growth.withLock { $0.start })
        growth.withLock { $0.end = end }
        // A single case is too short for a warm-up.
        if options.onlyCase == nil { for fault in growth.withLock({ $0.faults }) { findings.note(fault) } }
        try await afterwards(starting)
        noteCrashes()
        try Task.checkCancellation()
        let cases = options.onlyCase == nil ? barrage.sent : [options.surfaces[0]: 1]
        return FuzzResult(
            seed: options.seed, seconds: options.seconds, cases: cases, oversized: count, deadLetters: dead, controls: controls.done,
            answers: barrage.answers, growth: growth.withLock { $0 }, findings: findings.kept, findingCount: findings.count)
    }

    // MARK: Sending

    /// - Parameter onTick: called every second with whether it is the warm-up.
    private func send(
        _ connections: [(surface: Surface, count: Int)], onTick: @escaping @Sendable (_ isWarmUp: Bool) -> Void
    ) async {
        let began = ContinuousClock.now
        let end = began + .seconds(options.seconds)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withTaskGroup(of: Void.self) { senders in
                    for connection in connections {
                        for _ in 0..<connection.count { senders.addTask { await barrage.run(connection.surface, until: end) } }
                    }
                }
            }
            group.addTask {
                while ContinuousClock.now < end, !Task.isCancelled {
                    if let fault = await controls.exchange(), !Task.isCancelled {
                        findings.note(fault, kind: "a control exchange", input: lastInputs)
                    }
                    do { try await Task.sleep(for: .milliseconds(200)) } catch { return }
                }
            }
            group.addTask {
                while ContinuousClock.now < end, !Task.isCancelled {
                    noteCrashes()
                    do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
                }
            }
            group.addTask {
                var seconds = 0
                while ContinuousClock.now < end, !Task.isCancelled {
                    onTick(ContinuousClock.now - began < options.warmUp)
                    do { try await Task.sleep(for: .seconds(1)) } catch { return }
                    seconds += 1
                    if seconds.isMultiple(of: 5) { report() }
                }
            }
        }
    }

    private func report() {
        let sent = barrage.sent
        let cases = options.surfaces.map { "\(sent[$0] ?? 0) \($0.rawValue)" }.joined(separator: ", ")
        let memory = place.processIdentifier.flatMap { Footprint.of($0) }.map { "\($0.memory / 1_048_576) MiB" } ?? "no process"
        progress("\(cases); \(controls.done) control exchanges; \(memory); \(findings.count) findings")
    }

    // MARK: After sending

    /// The resources of the process when no request is running any more, or after the limit.
    private func settled(_ process: Int32, within limit: Duration, _ start: Footprint) async -> Footprint? {
        let deadline = ContinuousClock.now + limit
        while let now = Footprint.of(process) {
            if now.descriptors <= start.descriptors + Growth.descriptorsBound || ContinuousClock.now >= deadline { return now }
            // There is no event for this, so it is polled.
            do { try await Task.sleep(for: .milliseconds(200)) } catch { return now }
        }
        return nil
    }

    /// Checks that the node works, restarts it, and checks that it starts with what is in Kafka now.
    private func afterwards(_ starting: Duration) async throws {
        await checkProbes()
        if let fault = await controls.exchange() { findings.note("afterwards \(fault)") }
        progress("starting the node again")
        let before = place.processIdentifier
        _ = place.kill(absence: .zero)
        let deadline = ContinuousClock.now + starting
        // There is no event for this, so it is polled.
        while place.processIdentifier == before || place.processIdentifier == nil, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        while await !hub.fleet.isReady(place) {
            guard ContinuousClock.now < deadline else { return findings.note("the node did not start again within \(starting)") }
            try await Task.sleep(for: .milliseconds(100))
        }
        if let fault = await controls.exchange() { findings.note("after the node was started again \(fault)") }
    }

    private func checkProbes() async {
        for probe in ["health", "ready"] {
            let answer = try? await hub.caller.call(.get, "\(place.privateURL)/\(probe)", within: .seconds(5))
            guard answer?.status != 200 else { continue }
            findings.note("afterwards /\(probe) said \(answer.map { "HTTP \($0.status): \(String(buffer: $0.body))" } ?? "nothing")")
        }
    }

    private func noteCrashes() {
        for crash in place.crashes where findings.isNew(crash: crash) {
            findings.note(crash, kind: "the last inputs before", input: lastInputs)
        }
    }

    /// The last inputs, for a fault whose input is not known.
    private var lastInputs: String {
        recent.entries.map { entry in
            let number = entry.number.map { " --case \($0)" } ?? ""
            return "--surface \(entry.surface.rawValue)\(number): \(entry.kind): \(entry.input)"
        }.joined(separator: "\n  ")
    }
}
