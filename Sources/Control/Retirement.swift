package import Credentials
import Directory
package import Encoding
package import Logging
package import OCPI
import Synchronization

/// Clears away what platforms have left behind. A party that left is told as SUSPENDED for 30 days (OCPI has no DELETE for ClientInfo); then
/// nobody needs to know any more that it was here. Otherwise whoever comes and goes with new parties or roles would fill the state for good.
///
/// Nothing of this is announced: that the party is gone was told when it went. What the registry lists stays: there is an end to that.
package final class Retirement: Sendable {
    private let state: SharedState
    private let forget: @Sendable (Set<PartyID>) async throws -> Int
    private let logger: Logger
    /// What was without its platform the last time: a removal that is under way has its time.
    private let orphans = Mutex<Set<String>>([])

    /// How long a party that left is told as SUSPENDED, milliseconds.
    package static let after: Int64 = 30 * 86_400_000
    /// Between two looks.
    static let pace = Duration.seconds(60)
    /// A write to the state has a time limit.
    private static let portion = 200

    /// - Parameters:
    ///   - state: who is there, and who was.
    ///   - forget: deletes the links of parties that are gone, and says how many these were.
    ///   - logger: where it is told what was cleared away.
    package init(
        state: SharedState, forget: @escaping @Sendable (Set<PartyID>) async throws -> Int, logger: Logger
    ) {
        self.state = state
        self.forget = forget
        self.logger = logger
    }

    /// Clears away what is due, and mends what changes at the same time have left.
    /// - Throws: what `forget` throws, or `StateError`, if something could not be written; the next run does it.
    package func run(now: Timestamp = .now) async throws {
        try await clear(now: now)
        try await mend("wrote again what stands of platforms that were changed twice at the same time") {
            $0.overruledFacts.map(FactChange.put)
        }
        try await mend("cleared away claims that came to no registration") { Registration.lapsed(in: $0, now: now) }
        try await mend("claimed again parties that their platforms had no claim of any more") { Registration.missing(in: $0, now: now) }
    }

    /// Writes what is due, judged by the newest state right before it is written: a platform may be registering at the same time.
    private func mend(_ what: Logger.Message, _ due: (Directory) -> [FactChange]) async throws {
        let count = due(state.directory()).count
        var left = count
        while left > 0 {
            try Task.checkCancellation()
            // What comes up meanwhile is for the next run.
            let portion = due(state.directory()).prefix(min(left, Retirement.portion))
            guard !portion.isEmpty else { break }
            try await state.write(Array(portion))
            left -= portion.count
        }
        if left < count { logger.info(what, metadata: ["records": "\(count - left)"]) }
    }

    private func clear(now: Timestamp) async throws {
        let directory = state.directory()
        let (changes, parties) = Retirement.due(in: directory, now: now)
        let orphaned = directory.orphanedKeys
        let lasting = orphans.withLock { known in
            defer { known = Set(orphaned) }
            return orphaned.filter(known.contains)
        }
        // First the links: without the rest nobody would know any more whose they are.
        var links = 0
        if !parties.isEmpty { links = try await forget(parties) }
        let all = changes + lasting.map(FactChange.delete)
        guard !all.isEmpty else { return }
        try await state.write(all, inPortionsOf: Retirement.portion)
        guard !parties.isEmpty else {
            logger.info("cleared away what platforms left that are gone", metadata: ["records": "\(all.count)"])
            return
        }
        logger.info(
            "cleared away what parties left that are gone",
            metadata: [
                "parties": "\(parties.map(\.description).sorted().prefix(20).joined(separator: " "))",
                "records": "\(all.count)",
                "links": "\(links)",
            ])
    }

    // MARK: Decisions

    /// What is to be deleted, and the parties of which nothing is left then.
    static func due(in directory: Directory, now: Timestamp) -> (changes: [FactChange], parties: Set<PartyID>) {
        let latest = now.adding(milliseconds: -after)
        // A platform that is SUSPENDED itself leaves first; its parties have had their time by then.
        let platforms = directory.platforms.filter { platform in
            directory.status(of: platform.id) == .suspended && directory.lastUpdated(of: platform.id).map { $0 <= latest } ?? false
        }
        var changes = platforms.flatMap { platform in
            Registration.removal(
                of: platform, suspendedSince: directory.lastUpdated(of: platform.id) ?? now, now: now, in: directory)
        }
        // Whoever wrote about a platform when it was removed has given up long ago.
        changes += directory.forgettable(by: latest).map { .delete(key: FactKey.gone($0)) }
        var gone: Set<PartyID> = []
        var staying: Set<PartyID> = []
        for info in directory.clientInfos() {
            guard isOver(info, latest, in: directory) else {
                staying.insert(info.party)
                continue
            }
            gone.insert(info.party)
            // Told anew if the second went without the first.
            let keys = [FactKey.clientInfo(info.party, role: info.role), FactKey.announced(info.party, role: info.role)]
            changes += keys.filter { directory.fact($0) != nil }.map { .delete(key: $0) }
        }
        return (changes, gone.subtracting(staying).filter { directory.networkParty($0)?.isListed != true })
    }

    /// Whether the party left in that role so long ago, everybody was told so, and nobody expects it any more.
    private static func isOver(_ info: ClientInfo, _ latest: Timestamp, in directory: Directory) -> Bool {
        let roles = directory.platform(of: info.party)?.roles ?? []
        guard info.status == .suspended, info.lastUpdated <= latest,
            !roles.contains(where: { $0.party == info.party && $0.role == info.role && directory.mayHave($0) }),
            let announced = directory.announced(info.party, role: info.role), announced.status == .suspended,
            announced.lastUpdated <= latest
        else { return false }
        guard let listed = directory.networkParty(info.party), listed.isListed else { return true }
        return !listed.roles.contains { $0.uppercased() == info.role.uppercased() }
    }
}

extension ControlService.Duty {
    /// Clears away what platforms that left have left behind.
    package static func retirement(_ retirement: Retirement) -> ControlService.Duty {
        ControlService.Duty(
            name: "retirement", pause: { try? await Task.sleep(for: Retirement.pace) }, run: { try await retirement.run() })
    }
}
