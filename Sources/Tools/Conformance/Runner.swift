/// Runs checks one after the other.
package struct Runner: Sendable {
    /// Timeout of a check.
    private static let limit = Duration.seconds(60)
    private let environment: TestEnvironment

    /// - Parameter environment: started.
    package init(_ environment: TestEnvironment) { self.environment = environment }

    /// Tests these requirements, in this order.
    /// - Parameter progress: called after each.
    package func run(_ numbers: [Int], progress: (Finding) -> Void = { _ in }) async -> [Finding] {
        var findings: [Finding] = []
        for number in numbers {
            guard let finding = await run(number) else { continue }
            findings.append(finding)
            progress(finding)
        }
        return findings
    }

    /// Tests one requirement. Nil if there is none of that number.
    package func run(_ number: Int) async -> Finding? {
        guard let requirement = Requirement.numbered(number) else { return nil }
        let clock = ContinuousClock()
        let start = clock.now
        let outcome = await outcome(of: Check.all.first { $0.number == number })
        return Finding(requirement: requirement, outcome: outcome, duration: clock.now - start)
    }

    private func outcome(of check: Check?) async -> Finding.Outcome {
        guard let check else { return .skipped("there is no check") }
        guard let trial = check.trial else { return .skipped(check.reason ?? "there is no check") }
        do {
            try await environment.reset()
            try await within(Self.limit) { try await trial(environment) }
            return .met
        } catch let skipped as Skipped {
            return .skipped(skipped.description)
        } catch {
            return .unmet("\(error)")
        }
    }

    private func within(_ limit: Duration, _ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(operation: work)
            group.addTask {
                try await Task.sleep(for: limit)
                throw Unmet("no result within \(limit)")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
