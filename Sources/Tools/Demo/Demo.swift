import ServiceLifecycle

/// Runs the billing scenario and reports it.
///
/// Never throws: failures are reported and are part of the result. The clusters, nodes, parties and the tap are always stopped. With
/// `keepRunning`, a successful scenario is followed by a wait until the task is cancelled or a graceful shutdown begins.
/// - Parameters:
///   - starter: starts the two operators' clusters and nodes.
///   - options: output format and end.
///   - output: receives lines without line feed, one at a time.
package func runDemo(
    starter: DemoClusterStarter, options: DemoOptions, output: @escaping @Sendable (String) -> Void
) async -> DemoResult {
    let report = DemoReport(options, output: output)
    let clock = ContinuousClock()
    let start = clock.now
    var outcomes: [Int: StepOutcome] = [:]
    var failure: DemoFailure?
    var copiesWithoutPermission = 0
    var demoStage: DemoStage?
    var participants: DemoParticipants?
    do {
        let players = try DemoParticipants()
        participants = players
        let opened = try await DemoStage.open(starter, players, report)
        demoStage = opened
        report.opening(opened.sides)
        var scenario = try Scenario(demoStage: opened, report: report)
        defer { copiesWithoutPermission = scenario.copiesWithoutPermission }
        for step in Step.allCases {
            let begin = clock.now
            report.began(step)
            let result = await scenario.outcome(of: step)
            let seconds = (clock.now - begin).inSeconds
            outcomes[step.rawValue] = StepOutcome(text: result.text, seconds: seconds)
            if let failure = result.failure { throw failure }
            report.ended(step, seconds: seconds, outcome: result.text)
        }
        // An unexpected copy may have arrived during the steps after the seventh.
        if scenario.copiesWithoutPermission > 0 {
            throw DemoFailure(
                step: Step.permission.rawValue, reason: "\(scenario.copiesWithoutPermission) copies went out without permission")
        }
    } catch let found as DemoFailure {
        failure = found
    } catch {
        failure = DemoFailure(step: 0, reason: "\(error)")
    }
    if let failure { report.failed(failure) }
    let result = DemoResult(
        ok: failure == nil,
        steps: Dictionary(
            uniqueKeysWithValues: Step.allCases.map { ($0.rawValue, outcomes[$0.rawValue] != nil && $0.rawValue != failure?.step) }),
        reason: failure?.description, copiesWithoutPermission: copiesWithoutPermission, seconds: (clock.now - start).inSeconds)
    await finish(result, outcomes, report, keeping: options.keepRunning ? demoStage : nil, json: options.json)
    await demoStage?.tap.close()
    await starter.stop()
    for (party, _) in participants?.all ?? [] { await party.stop() }
    return result
}

extension Scenario {
    /// Runs one step. An error becomes its outcome, together with the step.
    fileprivate mutating func outcome(of step: Step) async -> (text: String, failure: DemoFailure?) {
        do {
            return (try await run(step), nil)
        } catch {
            let failure = error as? DemoFailure ?? DemoFailure(step: step.rawValue, reason: "\(error)")
            return (failure.reason, failure)
        }
    }
}

/// Prints the summary and waits for `--keep-running`. In JSON the summary is the last line, so the guide comes first.
private func finish(
    _ result: DemoResult, _ outcomes: [Int: StepOutcome], _ report: DemoReport, keeping demoStage: DemoStage?, json: Bool
) async {
    let guide = result.ok ? demoStage?.guide : nil
    if json, let guide { report.running(guide) }
    report.summary(result, outcomes: outcomes)
    if !json, let guide { report.running(guide) }
    if guide != nil {
        // It throws if the task is cancelled, which ends the wait in the same way.
        try? await gracefulShutdown()
    }
}
