import OCPI
import Support
import Testing

/// Agreements are changed in some processes, requests are accepted in another, and MATCHER reads `ocn.state` late.
@Suite(.serialized) struct StaleReadRetryTests {
    private typealias Posted = Processes.Posted

    private static let users = 125

    @Test(.timeLimit(.minutes(3)), arguments: FetchWait.allCases)
    func thousandsOfAgreementsAndRevocationsAreSeenByEveryRequestThatIsAcceptedAfterThem(_ fetchWait: FetchWait) async throws {
        let seed = UInt64.random(in: .min ... .max)
        let changes = fetchWait.pick(short: 16, usual: 4)
        let processes = try await Processes(fetchWait)
        var posted: [Posted] = []
        try await processes.matching {
            try await withThrowingTaskGroup(of: [Posted].self) { tasks in
                for number in 0..<Self.users {
                    let user = try #require(PartyID("DE-\(100 + number)"))
                    tasks.addTask { try await Self.play(user, changes, SeededGenerator(seed: seed &+ UInt64(number)), in: processes) }
                }
                for try await some in tasks { posted += some }
            }
        }
        try await processes.check(posted, seed: seed)
        #expect(posted.count >= Self.users * changes && posted.count { $0.isToBeCopied } > posted.count / 4, "seed \(seed)")
        await processes.stop()
    }

    /// A user who agrees and revokes at random, and posts.
    private static func play(
        _ user: PartyID, _ changes: Int, _ numbers: SeededGenerator, in processes: Processes
    ) async throws -> [Posted] {
        var numbers = numbers
        var posted: [Posted] = []
        var isAgreed = false
        for change in 0..<changes {
            // Sometimes the same again, which changes nothing.
            if numbers.chance(90) { isAgreed.toggle() }
            let version = try await processes.change(user, isAgreed: isAgreed, in: numbers.pick([0, 1]))
            for number in 0..<numbers.pick([1, 1, 2, 3]) {
                let id = "\(user)-\(change)-\(number)-\(isAgreed ? "agreed" : "revoked")"
                let module = numbers.pick([ModuleID.cdrs, .cdrs, .cdrs, .cdrs, .tokens])
                posted.append(try await processes.accept(id, from: user, module, isAgreed: isAgreed, version: version))
            }
            // The next change must wait until then: a revocation also stops requests that were not matched yet.
            try await processes.matched([user])
        }
        return posted
    }

    @Test(
        "Scenario 37: a restarted matcher that reads late and meets unreadable records sees all acknowledged agreements",
        .timeLimit(.minutes(3)), arguments: FetchWait.allCases)
    func aRestartedMatcherSeesAllAcknowledgedAgreements(_ fetchWait: FetchWait) async throws {
        let seed = UInt64.random(in: .min ... .max)
        var numbers = SeededGenerator(seed: seed)
        let processes = try await Processes(fetchWait)
        let users = try (0..<fetchWait.pick(short: 40, usual: 8)).map { try #require(PartyID("NL-\(100 + $0)")) }
        var posted: [Posted] = []
        func changeAll(_ when: String) async throws -> [Posted] {
            var posted: [Posted] = []
            for user in users {
                let isAgreed = numbers.chance(50)
                if numbers.chance(30) { try await processes.writeNonsense(about: user) }
                let version = try await processes.change(user, isAgreed: isAgreed, in: numbers.pick([0, 1]))
                if numbers.chance(30) { try await processes.writeNonsense(about: user) }
                posted.append(try await processes.accept("\(user) \(when)", from: user, .cdrs, isAgreed: isAgreed, version: version))
            }
            return posted
        }
        try await processes.matching {
            posted += try await changeAll("while it runs")
            try await processes.matched(users)
        }
        posted += try await changeAll("without a matcher")
        try await processes.matching { try await processes.matched(users) }
        try await processes.check(posted, seed: seed)
        await processes.stop()
    }
}
