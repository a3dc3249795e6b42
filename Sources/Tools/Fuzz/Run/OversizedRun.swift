import OCPI
import TestParties
import Testbed

/// Sends the oversized inputs and checks their outcomes.
struct OversizedRun: Sendable {
    /// Timeout for the outcomes of records.
    private static let limit = Duration.seconds(30)
    private let run: FuzzRun
    private let inputs: Oversized

    init(_ run: FuzzRun) {
        self.run = run
        inputs = Oversized(run.material)
    }

    /// - Returns: the number of inputs, and the number of dead letters.
    /// - Throws: any error that prevented the run.
    func run() async throws -> (count: Int, dead: Int) {
        var count = 0
        let surfaces = run.options.surfaces
        if surfaces.contains(.public) {
            for request in inputs.requests { await run.barrage.send(request, .public) }
            if let fault = try await run.parties.registerOversized(run.hub) { run.findings.note(fault, kind: "oversized: endpoints") }
            count += inputs.requests.count + 1
        }
        if surfaces.contains(.node) {
            for message in inputs.messages { await run.barrage.send(message, .node) }
            count += inputs.messages.count
        }
        var dead = 0
        if surfaces.contains(.records) {
            let (written, died) = try await records()
            count += written
            dead = died
        }
        if let fault = await run.controls.exchange() { run.findings.note("after the oversized inputs \(fault)", kind: "oversized") }
        return (count, dead)
    }

    private func records() async throws -> (count: Int, dead: Int) {
        let (kafka, topics) = (run.hub.node.kafka, run.material.topics)
        guard let platform = try await Platforms.id(at: run.parties.oversized.url, kafka, topics) else {
            throw TestbedFailure("the platform that gets long endpoints is not in the state")
        }
        let outcomes = try await RecordOutcomes(kafka, topics)
        // A broadcast announcement reaches this platform too.
        await run.barrage.send(inputs.endpoints(of: platform))
        var expected: [(kind: String, id: String, outcome: Oversized.RecordOutcome)] = []
        for (record, id, outcome) in inputs.records {
            guard await run.barrage.send(record) else { throw TestbedFailure("Kafka did not take a record: \(record.kind)") }
            expected.append((record.kind, id, outcome))
        }
        let deadline = ContinuousClock.now + Self.limit
        var waiting = expected.filter { $0.outcome != .anything }
        while !waiting.isEmpty, ContinuousClock.now < deadline {
            // There is no event for this, so it is polled.
            try await Task.sleep(for: .milliseconds(50))
            waiting.removeAll { outcomes.outcome(of: $0.id) == $0.outcome }
        }
        for (kind, id, outcome) in waiting {
            let seen = outcomes.outcome(of: id).map { "it was \($0.rawValue)" } ?? "nothing became of it"
            run.findings.note(
                FuzzFinding(surface: .records, number: nil, kind: kind, what: "should be \(outcome.rawValue): \(seen)", input: ""))
        }
        await outcomes.stop()
        return (expected.count + 1, expected.count { $0.outcome == .dead && outcomes.outcome(of: $0.id) == .dead })
    }
}
